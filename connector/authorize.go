package connector

import (
	"net/http"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// authorize gives a request the credentials that the netrc file has for its
// host, unless it brings some.
func (x *exchange) authorize(header http.Header) http.Header {
	if httprule.HasField(header, "Authorization") {
		return header
	}
	login, password, ok := x.c.environ.Credentials(x.key.Host)
	if !ok {
		return header
	}
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Authorization", httprule.BasicAuth(login, password))
	return header
}

// proxyAuthorized is the header of a request with what is for its proxy. A proxy
// that passes requests on gets its credentials with each of them; those of the
// request stand in if it has none. Servers get neither: also where a proxy that
// others go through is passed by.
func proxyAuthorized(header http.Header, k key) http.Header {
	var own []string
	if k.Forwarded() {
		if own = k.Route.Proxy.Header[dial.ProxyAuthorization]; len(own) == 0 {
			return header
		}
	}
	header = httprule.DeleteField(header, dial.ProxyAuthorization)
	if len(own) > 0 {
		if header = header.Clone(); header == nil {
			header = http.Header{}
		}
		header[dial.ProxyAuthorization] = own
	}
	return header
}

package connector

import (
	"net/http"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// addNetrcAuth gives a request the credentials that the netrc file has for its
// host, unless it brings some.
func (x *exchange) addNetrcAuth(header http.Header) http.Header {
	if httprule.HasField(header, "Authorization") {
		return header
	}
	login, password, ok := x.c.environment.Credentials(x.key.Host)
	if !ok {
		return header
	}
	header = httprule.Clone(header)
	header.Set("Authorization", httprule.BasicAuth(login, password))
	return header
}

// withProxyAuth returns the header with the Proxy-Authorization that its receiver may see.
// A proxy that forwards requests gets its own credentials with each of them, or those of
// the request if it has none. A server gets neither, whether it is reached through a tunnel
// or directly because no_proxy says so.
func withProxyAuth(header http.Header, k key) http.Header {
	var own []string
	if k.Forwarded() {
		if own = k.Route.Proxy.Header[dial.ProxyAuthorization]; len(own) == 0 {
			return header
		}
	}
	header = httprule.DeleteField(header, dial.ProxyAuthorization)
	if len(own) > 0 {
		header = httprule.Clone(header)
		header[dial.ProxyAuthorization] = own
	}
	return header
}

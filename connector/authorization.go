package connector

import (
	"net/http"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// lookUpCredentials finds what the netrc file has for a request that brings no
// credentials, or a login without a password: that one's password.
func (x *exchange) lookUpCredentials() error {
	wanted := ""
	if httprule.HasField(x.request.Header, "Authorization") {
		if wanted = loginAlone(x.request.Header); wanted == "" {
			return nil
		}
	}
	host := x.key.Host
	if backend := httprule.BackendOf(x.request); backend != nil { // they are for whom was asked
		host, _ = dial.CanonicalHost(backend.Asked.Hostname()) // as in the key of its connections
	}
	login, password, ok, err := x.c.environment.Credentials(host, wanted)
	if ok {
		x.ensureRare().authorization = httprule.BasicAuth(login, password)
	}
	return err
}

// netrcAuthorization is the Authorization that lookUpCredentials has found, or "".
func (x *exchange) netrcAuthorization() string {
	if x.rare == nil {
		return ""
	}
	return x.rare.authorization
}

// loginAlone is the login of an Authorization of the Basic scheme with an empty password,
// as "http://login@host/" gives it, or "".
func loginAlone(header http.Header) string {
	values := httprule.FieldValues(header, "Authorization")
	if len(values) != 1 {
		return ""
	}
	one := http.Request{Header: http.Header{"Authorization": values}}
	login, password, _ := one.BasicAuth()
	if password != "" {
		return ""
	}
	return login
}

// withAuthorization returns the header with an Authorization in the place of what it has.
func withAuthorization(header http.Header, value string) http.Header {
	header = httprule.Clone(httprule.DeleteField(header, "Authorization"))
	header.Set("Authorization", value)
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

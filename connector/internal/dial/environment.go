package dial

import (
	"net/url"
	"os"

	"github.com/aiolos-http/aiolos/internal/netrc"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// Environment is what the environment says about proxies, and the user's netrc
// file about credentials. Both are looked at anew each time, and kept for as long
// as they say the same. The zero value is ready, and safe for concurrent use.
type Environment struct {
	proxies proxyenv.Cache
	netrc   netrc.Cache
}

// ProxyFor is the proxy for a URL, or nil. The credentials of one that brings none
// are looked for in the netrc file.
func (e *Environment) ProxyFor(u *url.URL) (*Proxy, error) {
	found, err := e.proxies.Proxy(os.Getenv, u)
	if err != nil || found == nil {
		return nil, err
	}
	if found.User == nil {
		if login, password, ok := e.Credentials(found.Hostname()); ok {
			found.User = url.UserPassword(login, password)
		}
	}
	return NewProxy(found, nil, nil)
}

// Credentials looks a host up in the user's netrc file. A file that is missing or
// damaged has no entries, as in aiohttp: it is not what the request is about.
func (e *Environment) Credentials(host string) (login, password string, ok bool) {
	file, err := e.netrc.Load(os.Getenv)
	if err != nil {
		return "", "", false
	}
	return file.Find(host)
}

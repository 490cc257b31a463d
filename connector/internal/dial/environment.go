package dial

import (
	"net/url"
	"os"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netrc"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// Environment is what the environment says about proxies, and the user's netrc
// file about credentials. Both are looked at anew each time, and kept for as long
// as they say the same. The zero value is ready, and safe for concurrent use.
type Environment struct {
	// OnWarning is told once of a netrc file that cannot be used, and again when it
	// cannot be used for another reason or after it could. Nil makes it the error of
	// whoever the file concerns.
	OnWarning func(error)
	// NoNetrc leaves the file alone: there are no credentials.
	NoNetrc bool

	proxies proxyenv.Cache
	netrc   netrc.Cache

	mu       sync.Mutex
	reported string // what OnWarning was told last; empty: the file is well
}

// ProxyFor is the proxy for a URL, or nil. The credentials of one that brings none, or
// the password of one that brings only a login, are looked for in the netrc file.
func (e *Environment) ProxyFor(u *url.URL) (*Proxy, error) {
	found, err := e.proxies.Proxy(os.Getenv, u)
	if err != nil || found == nil {
		return nil, err
	}
	if _, complete := found.User.Password(); !complete {
		login, password, ok, err := e.Credentials(found.Hostname(), found.User.Username())
		if err != nil {
			return nil, err
		}
		if ok {
			found.User = url.UserPassword(login, password)
		}
	}
	return NewProxy(found, nil, nil)
}

// Credentials looks a host up in the user's netrc file, and a login of the host's if it
// is not empty. A file that is missing has no entries; nor has one that cannot be used,
// which OnWarning is told, or the error says.
func (e *Environment) Credentials(host, wanted string) (login, password string, ok bool, err error) {
	if e.NoNetrc {
		return "", "", false, nil
	}
	file, unusable := e.netrc.Load(os.Getenv)
	if e.OnWarning != nil {
		e.reportOnce(unusable)
	} else if why, is := errors.AsType[*netrc.Error](unusable); is && why.Concerns(host) {
		err = unusable
	}
	switch {
	case unusable != nil:
	case wanted == "":
		login, password, ok = file.Find(host)
	default:
		login = wanted
		password, ok = file.FindLogin(host, wanted)
	}
	return login, password, ok, err
}

// reportOnce tells OnWarning of an error, unless that is what it was told last.
func (e *Environment) reportOnce(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	e.mu.Lock()
	known := text == e.reported
	e.reported = text
	e.mu.Unlock()
	if !known && err != nil {
		e.OnWarning(err)
	}
}

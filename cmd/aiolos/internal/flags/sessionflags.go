package flags

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/complete"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// StoredSession is --session: cookies and headers that outlive the call.
type StoredSession struct {
	app      *app.App
	name     string
	readOnly string

	Dry        bool           // nothing is saved
	stored     *store.Session // nil without --session
	ownHeaders []string       // headers of the command line, which count more
}

// AddFlags adds the flags to a command.
func (k *StoredSession) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&k.name, "session", "", `use and keep the cookies and headers of this session: see "aiolos session"`)
	f.StringVar(&k.readOnly, "session-read-only", "", "use those of this session, and change nothing in it")
	var getenv func(string) string
	if k.app != nil {
		getenv = k.app.Getenv
	}
	for _, name := range []string{"session", "session-read-only"} {
		// The flag is there.
		_ = cmd.RegisterFlagCompletionFunc(name, complete.Session(getenv))
	}
}

// loadJar returns the jar to use: that of the session, or a fresh one. What comes
// into that of --session is saved when the command is over.
func (k *StoredSession) loadJar() (*jar.Jar, error) {
	name := k.name
	switch {
	case k.stored != nil:
		return k.stored.Jar, nil
	case k.name != "" && k.readOnly != "":
		return nil, exitcode.AsUsage(errors.New("--session and --session-read-only exclude each other"))
	case name == "":
		name = k.readOnly
	}
	if name == "" {
		return store.New().Jar, nil
	}
	if k.app == nil {
		return nil, exitcode.AsUsage(errors.New("--session is not for this command"))
	}
	if err := store.CheckName(name); err != nil {
		return nil, exitcode.AsUsage(err)
	}
	dir, err := store.Open(k.app.Getenv)
	if err != nil {
		return nil, err
	}
	k.stored, err = dir.Load(name)
	if errors.Is(err, fs.ErrNotExist) && k.name != "" {
		k.stored, err = store.New(), nil
	}
	if err != nil {
		return nil, err
	}
	if k.name != "" && !k.Dry {
		k.app.AtEnd = append(k.app.AtEnd, func() error { return dir.Save(name, k.stored) })
	}
	return k.stored.Jar, nil
}

// RememberHeaders keeps headers of the command line for the origin of the URL. One that
// is left out is forgotten.
func (k *StoredSession) RememberHeaders(raw string, headers []syntax.HeaderItem) {
	u, err := url.Parse(raw)
	if err != nil || k.stored == nil {
		return // the request itself will say what is wrong
	}
	origin := store.Origin(u)
	var set []store.Header
	for _, h := range headers {
		k.ownHeaders = append(k.ownHeaders, http.CanonicalHeaderKey(h.Name))
		if h.Unset {
			k.stored.Unset(origin, h.Name)
		} else {
			set = append(set, store.Header{Name: h.Name, Value: h.Value})
		}
	}
	if origin != "" {
		k.stored.Set(origin, set)
	}
}

// forgetsHeader reports whether "Name:" means a header that only a session can have, and
// not one that the library sends of its own accord.
func (k *StoredSession) forgetsHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Encoding", "User-Agent", "Content-Type":
		return false
	}
	return k.name != "" || k.readOnly != ""
}

// headerMiddleware adds the headers of the session to the requests to their origins,
// at each hop of a redirect anew.
func (k *StoredSession) headerMiddleware() []middleware.Middleware {
	if k.stored == nil || len(k.stored.Headers) == 0 {
		return nil
	}
	// What is remembered meanwhile is sent by this call anyway.
	headers := map[string]http.Header{}
	for origin, list := range k.stored.Headers {
		headers[origin] = http.Header{}
		for _, h := range list {
			headers[origin].Add(h.Name, h.Value)
		}
	}
	return []middleware.Middleware{func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			extra := headers[store.Origin(req.URL)]
			if len(extra) == 0 {
				return next.RoundTrip(req)
			}
			req = req.Clone(req.Context())
			for name, values := range extra {
				if !k.hasOwnHeader(name) {
					req.Header[name] = values
				}
			}
			return next.RoundTrip(req)
		})
	}}
}

// hasOwnHeader reports whether the command line has a header itself.
func (k *StoredSession) hasOwnHeader(name string) bool {
	for _, given := range k.ownHeaders {
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

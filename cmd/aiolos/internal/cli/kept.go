package cli

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// kept is --session: cookies and headers that outlive the call.
type kept struct {
	app      *app
	name     string
	readOnly string

	dry     bool           // nothing is saved
	session *store.Session // nil without --session
	given   []string       // headers of the command line, which count more
}

// flags adds the flags to a command.
func (k *kept) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&k.name, "session", "", `use and keep the cookies and headers of this session: see "aiolos session"`)
	f.StringVar(&k.readOnly, "session-read-only", "", "use those of this session, and change nothing in it")
	var getenv func(string) string
	if k.app != nil {
		getenv = k.app.Getenv
	}
	for _, name := range []string{"session", "session-read-only"} {
		// The flag is there.
		_ = cmd.RegisterFlagCompletionFunc(name, completeSession(getenv))
	}
}

// load returns the jar to use: that of the session, or a fresh one. What comes
// into that of --session is saved when the command is over.
func (k *kept) load() (*jar.Jar, error) {
	name := k.name
	switch {
	case k.session != nil:
		return k.session.Jar, nil
	case k.name != "" && k.readOnly != "":
		return nil, usage(errors.New("--session and --session-read-only exclude each other"))
	case name == "":
		name = k.readOnly
	}
	if name == "" {
		return store.New().Jar, nil
	}
	if k.app == nil {
		return nil, usage(errors.New("--session is not for this command"))
	}
	if err := store.CheckName(name); err != nil {
		return nil, usage(err)
	}
	dir, err := store.Open(k.app.Getenv)
	if err != nil {
		return nil, err
	}
	k.session, err = dir.Load(name)
	if errors.Is(err, fs.ErrNotExist) && k.name != "" {
		k.session, err = store.New(), nil
	}
	if err != nil {
		return nil, err
	}
	if k.name != "" && !k.dry {
		k.app.atEnd = append(k.app.atEnd, func() error { return dir.Save(name, k.session) })
	}
	return k.session.Jar, nil
}

// remember keeps headers of the command line for the origin of the URL. One that
// is left out is forgotten.
func (k *kept) remember(raw string, headers []syntax.HeaderItem) {
	u, err := url.Parse(raw)
	if err != nil || k.session == nil {
		return // the request itself will say what is wrong
	}
	origin := store.Origin(u)
	var set []store.Header
	for _, h := range headers {
		k.given = append(k.given, http.CanonicalHeaderKey(h.Name))
		if h.Unset {
			k.session.Unset(origin, h.Name)
		} else {
			set = append(set, store.Header{Name: h.Name, Value: h.Value})
		}
	}
	if origin != "" {
		k.session.Set(origin, set)
	}
}

// forgets reports whether "Name:" means a header that only a session can have, and
// not one that the library sends of its own accord.
func (k *kept) forgets(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Encoding", "User-Agent", "Content-Type":
		return false
	}
	return k.name != "" || k.readOnly != ""
}

// middleware adds the headers of the session to the requests to their origins,
// at each hop of a redirect anew.
func (k *kept) middleware() []middleware.Middleware {
	if k.session == nil || len(k.session.Headers) == 0 {
		return nil
	}
	// What is remembered meanwhile is sent by this call anyway.
	headers := map[string]http.Header{}
	for origin, list := range k.session.Headers {
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
				if !k.isGiven(name) {
					req.Header[name] = values
				}
			}
			return next.RoundTrip(req)
		})
	}}
}

// isGiven reports whether the command line has a header itself.
func (k *kept) isGiven(name string) bool {
	for _, given := range k.given {
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

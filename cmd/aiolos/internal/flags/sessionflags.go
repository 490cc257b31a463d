package flags

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/complete"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// StoredSession is --session: cookies and headers that outlive the call.
type StoredSession struct {
	app      *app.App // nil: the command has no --session
	name     string
	readOnly string

	Dry        bool           // the request is only printed: nothing is saved, nobody asked
	stored     *store.Session // nil without --session
	ownHeaders []string       // headers of the command line, which count more
}

// AddFlags adds the flags to a command.
func (s *StoredSession) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.name, "session", "", `use and keep the cookies and headers of this session: see "aiolos session"`)
	f.StringVar(&s.readOnly, "session-read-only", "", "use those of this session, and change nothing in it")
	for _, name := range []string{"session", "session-read-only"} {
		// The flag is there.
		_ = cmd.RegisterFlagCompletionFunc(name, complete.Session(s.app.Getenv))
	}
}

// loadJar returns the jar to use: that of the session, or a fresh one. What comes
// into that of --session is saved when the command is over.
func (s *StoredSession) loadJar() (*jar.Jar, error) {
	name := s.name
	switch {
	case s.stored != nil:
		return s.stored.Jar, nil
	case s.name != "" && s.readOnly != "":
		return nil, exitcode.AsUsage(errors.New("--session and --session-read-only exclude each other"))
	case name == "":
		name = s.readOnly
	}
	if name == "" {
		return store.New().Jar, nil
	}
	if err := store.CheckName(name); err != nil {
		return nil, exitcode.AsUsage(err)
	}
	dir, err := store.Open(s.app.Getenv)
	if err != nil {
		return nil, err
	}
	load := dir.Load
	if s.name != "" {
		load = dir.LoadOrNew
	}
	if s.stored, err = load(name); err != nil {
		return nil, err
	}
	if s.name != "" && !s.Dry {
		s.app.AtEnd = append(s.app.AtEnd, func() error { return dir.Save(name, s.stored) })
	}
	return s.stored.Jar, nil
}

// RememberHeaders keeps headers of the command line for the origin of the URL. One that
// is left out is forgotten.
func (s *StoredSession) RememberHeaders(raw string, headers []syntax.HeaderItem) {
	u, err := session.ParseURL(raw)
	if err != nil || s.stored == nil {
		return // the request itself will say what is wrong
	}
	origin := middleware.Origin(u)
	var set []store.Header
	for _, h := range headers {
		s.ownHeaders = append(s.ownHeaders, http.CanonicalHeaderKey(h.Name))
		if h.Unset {
			s.stored.Unset(origin, h.Name)
		} else {
			set = append(set, store.Header{Name: h.Name, Value: h.Value})
		}
	}
	if origin != "" {
		s.stored.Set(origin, set)
	}
}

// forgetsHeader reports whether "Name:" means a header that only a session can have, and
// not one that the library sends of its own accord.
func (s *StoredSession) forgetsHeader(name string) bool {
	return !curlconv.IsAutomatic(name) && (s.name != "" || s.readOnly != "")
}

// headerMiddleware adds the headers of the session to the requests to their origins,
// at each hop of a redirect anew.
func (s *StoredSession) headerMiddleware() []middleware.Middleware {
	if s.stored == nil || len(s.stored.Headers) == 0 {
		return nil
	}
	// What is remembered meanwhile is sent by this call anyway.
	headers := map[string]http.Header{}
	for origin, list := range s.stored.Headers {
		headers[origin] = http.Header{}
		for _, h := range list {
			headers[origin].Add(h.Name, h.Value)
		}
	}
	return []middleware.Middleware{func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			extra := headers[middleware.Origin(req.URL)]
			if len(extra) == 0 {
				return next.RoundTrip(req)
			}
			req = req.Clone(req.Context())
			for name, values := range extra {
				if !s.hasOwnHeader(name) {
					req.Header[name] = values
				}
			}
			return next.RoundTrip(req)
		})
	}}
}

// hasOwnHeader reports whether the command line has a header itself.
func (s *StoredSession) hasOwnHeader(name string) bool {
	for _, given := range s.ownHeaders {
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

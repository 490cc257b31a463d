package session_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestInspectCaller: the line of code is that of who has called the session, whatever
// stands between it and the connector: closures of the library that the compiler has put
// into a function of the program, middlewares of the program, and goroutines of a policy.
func TestInspectCaller(t *testing.T) {
	t.Parallel()
	srv := newFileServer(t)
	for name, mw := range map[string]middleware.Middleware{
		"nothing between":    func(next http.RoundTripper) http.RoundTripper { return next },
		"an inlined closure": middleware.Dump(middleware.DumpConfig{Writer: io.Discard}),
		"the program's own":  ownMiddleware,
		"a goroutine":        middleware.Hedge(middleware.HedgePolicy{Delay: time.Hour}),
		"a goroutine, and it": func(next http.RoundTripper) http.RoundTripper {
			return middleware.Dedupe(middleware.DedupeConfig{})(ownMiddleware(next))
		},
	} {
		c, err := connector.New(connector.Config{OnLeak: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := session.New(session.Config{Connector: c, OwnConnector: true, Middleware: []middleware.Middleware{mw}})
		if err != nil {
			t.Fatal(err)
		}
		inspector := s.Inspect()
		_, _, line, _ := runtime.Caller(0)
		resp, err := s.Get(t.Context(), srv.URL+"/f")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := onlyCall(t, inspector).Caller, fmt.Sprintf("inspect_caller_test.go:%d ", line+1); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		resp.Close()
		for resp, err := range s.Pages(t.Context(), srv.URL+"/f") { // its loop stands in this function
			if got := onlyCall(t, inspector).Caller; err != nil || !strings.HasPrefix(got, fmt.Sprintf("inspect_caller_test.go:%d ", line+9)) {
				t.Errorf("%s, pages: got %q, %v, want line %d", name, got, err, line+9)
			}
			resp.Close()
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// ownMiddleware is one that a program has written.
func ownMiddleware(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) { return next.RoundTrip(req) })
}

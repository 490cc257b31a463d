package middleware_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/middleware"
)

// observers are the middlewares of this half of the package, each ready to pass
// a request on.
func observers(t *testing.T) map[string]middleware.Middleware {
	t.Helper()
	c := middleware.NewCache(middleware.CacheConfig{})
	t.Cleanup(func() { c.Close() })
	cassette, err := middleware.OpenCassette(filepath.Join(t.TempDir(), "c"), middleware.CassetteConfig{Mode: middleware.CassetteRecord})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]middleware.Middleware{
		"cache":    c.Wrap,
		"log":      middleware.Log(middleware.LogConfig{Handler: slog.DiscardHandler, Headers: true}),
		"har":      middleware.NewHAR(middleware.HARConfig{MaxBody: 100}).Wrap,
		"cassette": cassette.Wrap,
		"fault":    middleware.Fault(middleware.FaultRule{CutBody: 100}),
		"schemes":  middleware.Schemes(middleware.SchemeRules{}),
	}
}

// The contract of a RoundTripper, for each of them.
func TestObserversKeepTheContract(t *testing.T) {
	leak.Check(t)
	for name, mw := range observers(t) {
		t.Run(name, func(t *testing.T) {
			sent, closed := 0, 0
			status := 200
			var nextErr error
			rt := mw(middleware.Func(func(req *http.Request) (*http.Response, error) {
				sent++
				if req.Body != nil {
					io.Copy(io.Discard, req.Body)
					req.Body.Close()
				}
				if err := req.Context().Err(); err != nil {
					return nil, err
				}
				if nextErr != nil {
					return nil, nextErr
				}
				return &http.Response{StatusCode: status, Proto: "HTTP/1.1", Header: http.Header{}, Body: contractConn{strings.NewReader("ok")}, Request: req}, nil
			}))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			request := func() *http.Request {
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://example.com/?a=b", nil)
				req.Body = cassetteCloser{strings.NewReader("body"), &closed}
				req.ContentLength = 4
				req.Header.Set("X-A", "b")
				return req
			}
			check := func(what string, req *http.Request, before string, wantSent int) {
				t.Helper()
				if got := fmt.Sprint(req.Method, req.URL, req.Header, req.ContentLength, req.Host); got != before {
					t.Errorf("%s: the request was changed: %v", what, got)
				}
				if sent != wantSent || closed != 1 {
					t.Errorf("%s: sent %v times, closed %v times", what, sent, closed)
				}
				sent, closed = 0, 0
			}
			before := fmt.Sprint(request().Method, request().URL, request().Header, request().ContentLength, request().Host)

			req := request()
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); string(body) != "ok" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
			resp.Body.Close()
			check("a response", req, before, 1)

			status = 500
			req = request()
			if resp, err = rt.RoundTrip(req); err != nil || resp.StatusCode != 500 {
				t.Fatalf("a status became an error: %v", err)
			}
			resp.Body.Close()
			check("a status", req, before, 1)

			status = 101
			req = request()
			if resp, err = rt.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			if _, ok := resp.Body.(contractConn); !ok {
				t.Errorf("a 101 has a body of %T", resp.Body)
			}
			check("a 101", req, before, 1)

			nextErr = errCacheOrigin
			req = request()
			if resp, err = rt.RoundTrip(req); !errors.Is(err, errCacheOrigin) || resp != nil {
				t.Errorf("an error: got %v, %v", resp, err)
			}
			check("an error", req, before, 1)

			cancel()
			req = request()
			if _, err = rt.RoundTrip(req); !errors.Is(err, context.Canceled) {
				t.Errorf("a dead context: got %v", err)
			}
		})
	}
}

// contractConn is what a 101 carries.
type contractConn struct{ *strings.Reader }

func (contractConn) Write(p []byte) (int, error) { return len(p), nil }
func (contractConn) Close() error                { return nil }

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
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// observers are the middlewares of this half of the package, each ready to pass
// a request on.
func observers(t *testing.T) map[string]middleware.Middleware {
	t.Helper()
	c := cache.New(cache.Config{})
	t.Cleanup(func() { c.Close() })
	tape, err := cassette.Open(filepath.Join(t.TempDir(), "c"), cassette.Config{Mode: cassette.Record})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]middleware.Middleware{
		"cache":    c.Wrap,
		"dump":     middleware.Dump(middleware.DumpConfig{Writer: io.Discard}),
		"log":      middleware.Log(middleware.LogConfig{Handler: slog.DiscardHandler, Headers: true}),
		"har":      har.New(har.Config{MaxBody: 100}).Wrap,
		"cassette": tape.Wrap,
		"fault":    middleware.Fault(middleware.FaultRule{CutBody: 100}),
		"schemes":  middleware.Schemes(middleware.SchemeRules{}),
	}
}

// observed is a transport below a middleware, and what it has seen.
type observed struct {
	status       int
	err          error
	sent, closed int
}

func (c *observed) RoundTrip(req *http.Request) (*http.Response, error) {
	c.sent++
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{
		StatusCode: c.status, Proto: "HTTP/1.1", Header: http.Header{}, Body: observedConn{strings.NewReader("ok")}, Request: req,
	}, nil
}

// send sends a request with a body, and checks that it was sent and closed once
// and left as it was.
func (c *observed) send(ctx context.Context, t *testing.T, rt http.RoundTripper) (*http.Response, error) {
	t.Helper()
	c.sent, c.closed = 0, 0
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://example.com/?a=b", nil)
	req.Body = mwtest.CountClose(strings.NewReader("body"), &c.closed)
	req.ContentLength = 4
	req.Header.Set("X-A", "b")
	seen := func() string {
		return fmt.Sprint(req.Method, req.URL, req.Header, req.ContentLength, req.Host, req.GetBody == nil)
	}
	before := seen()
	resp, err := rt.RoundTrip(req)
	if after := seen(); after != before {
		t.Errorf("the request was changed: %v, was %v", after, before)
	}
	if c.sent != 1 && ctx.Err() == nil || c.closed != 1 {
		t.Errorf("sent %v times, closed %v times", c.sent, c.closed)
	}
	return resp, err
}

// The contract of a RoundTripper, for each of them.
func TestObserversKeepTheContract(t *testing.T) {
	leak.Check(t)
	for name, mw := range observers(t) {
		t.Run(name, func(t *testing.T) {
			c := &observed{}
			rt := mw(c)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for _, c.status = range []int{200, 500} {
				resp, err := c.send(ctx, t, rt)
				if err != nil {
					t.Fatalf("%d: %v", c.status, err)
				}
				if body, err := io.ReadAll(resp.Body); string(body) != "ok" || err != nil || resp.StatusCode != c.status {
					t.Errorf("got %v, %q, %v", resp.StatusCode, body, err)
				}
				resp.Body.Close()
			}
			c.status = http.StatusSwitchingProtocols
			resp, err := c.send(ctx, t, rt)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := resp.Body.(io.ReadWriteCloser); !ok {
				t.Errorf("a 101 has a body of %T", resp.Body)
			}
			c.err = errStub
			if resp, err := c.send(ctx, t, rt); !errors.Is(err, errStub) || resp != nil {
				t.Errorf("an error: got %v, %v", resp, err)
			}
			cancel()
			if _, err := c.send(ctx, t, rt); !errors.Is(err, context.Canceled) {
				t.Errorf("a dead context: got %v", err)
			}
		})
	}
}

// observedConn is what a 101 carries.
type observedConn struct{ *strings.Reader }

func (observedConn) Write(p []byte) (int, error) { return len(p), nil }
func (observedConn) Close() error                { return nil }

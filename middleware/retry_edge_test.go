package middleware_test

import (
	"context"
	stderrors "errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestRetryErrorTexts: one line, the operation first and the cause last.
func TestRetryErrorTexts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errStub) })
		rt := &stub{steps: []stubStep{stubStatus(503, "", "Retry-After", "20")}}
		_, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{})(rt), newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
		if got, want := err.Error(), "retry: after 1 attempt: context canceled: stub: broken"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		refused := middleware.RetryPolicy{CheckRetry: func(context.Context, *http.Response, error) (bool, error) {
			return false, stderrors.New("policy: refused")
		}}
		rt = &stub{steps: []stubStep{stubFail(errStub)}}
		_, _, err = roundTrip(t, middleware.Retry(refused)(rt), newRequest(t, "GET", "http://h/", nil))
		if got, want := err.Error(), "policy: refused: stub: broken"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	if got := (&middleware.RetryError{Attempts: 2}).Error(); got != "retry: after 2 attempts" {
		t.Errorf("got %q", got)
	}
}

// TestRetryResponseWithError: a RoundTripper that gives both, against its
// contract, leaves nothing open, and its error counts.
func TestRetryResponseWithError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := &stub{steps: []stubStep{func(req *http.Request) (*http.Response, error) {
			resp, _ := stubStatus(200, "x")(req)
			return resp, errStub
		}}}
		for name, mw := range map[string]middleware.Middleware{
			"Retry": middleware.Retry(middleware.RetryPolicy{}), "Hedge": middleware.Hedge(middleware.HedgePolicy{Delay: time.Hour}),
		} {
			if _, _, err := roundTrip(t, mw(rt), newRequest(t, "GET", "http://h/", nil)); !stderrors.Is(err, errStub) || rt.open() != 0 {
				t.Errorf("%s: got %v, %d open", name, err, rt.open())
			}
		}
	})
}

// TestRetryDiscards: a short rest is read, so that the connection lives; a long
// one is not.
func TestRetryDiscards(t *testing.T) {
	t.Parallel()
	for length, want := range map[int64]int64{1000: 1000, 64 << 10: 64 << 10, 1 << 20: 0, -1: 64 << 10} {
		synctest.Test(t, func(t *testing.T) {
			read := &retryCounter{}
			rt := &stub{steps: []stubStep{func(*http.Request) (*http.Response, error) {
				rest := io.Reader(read)
				if length >= 0 {
					rest = io.LimitReader(read, length)
				}
				return &http.Response{StatusCode: 503, ContentLength: length, Body: &stubBody{Reader: rest}}, nil
			}, stubStatus(200, "")}}
			roundTrip(t, middleware.Retry(middleware.RetryPolicy{})(rt), newRequest(t, "GET", "http://h/", nil))
			if read.n != want || rt.open() != 0 {
				t.Errorf("of %d: read %d, want %d; %d open", length, read.n, want, rt.open())
			}
		})
	}
}

// retryCounter is endless, and counts what is read of it.
type retryCounter struct{ n int64 }

func (c *retryCounter) Read(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// TestRetryBehindCredentials: what a failing rewind does to Digest and
// TokenSource, which send twice as well.
func TestRetryBehindCredentials(t *testing.T) {
	t.Parallel()
	challenge := stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="n"`)
	for name, mw := range map[string]middleware.Middleware{
		"Digest": middleware.Digest(middleware.DigestConfig{Login: "u"}),
		"TokenSource": middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) {
			return middleware.Token{Value: "t"}, nil
		}}),
	} {
		rt := &stub{steps: []stubStep{challenge}}
		req := newRequest(t, "PUT", "http://h/", strings.NewReader("x"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, errStub }
		if _, _, err := roundTrip(t, mw(rt), req); !stderrors.Is(err, errStub) || rt.open() != 0 || rt.calls() != 1 {
			t.Errorf("%s: got %v, %d open, %d requests", name, err, rt.open(), rt.calls())
		}
	}
}

// TestRetryOverBreaker: the order of a chain matters, and both do their work.
func TestRetryOverBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := &stub{steps: []stubStep{stubStatus(503, "")}}
		chain := middleware.Chain(rt, middleware.Retry(middleware.RetryPolicy{Attempts: 10}), middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 3}))
		_, _, err := roundTrip(t, chain, newRequest(t, "GET", "http://h/", nil))
		if !stderrors.Is(err, middleware.ErrCircuitOpen) || rt.calls() != 3 {
			t.Errorf("got %v after %d requests, want an open breaker after 3", err, rt.calls())
		}
	})
}

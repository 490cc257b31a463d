package middleware_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestRetryDecides counts the attempts of requests that fail throughout.
func TestRetryDecides(t *testing.T) {
	t.Parallel()
	ok, bad, broken := stubStatus(200, ""), stubStatus(503, ""), stubFail(errStub)
	keyed := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = []string{"1"} }
	}
	certificate := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	tests := []struct {
		name   string
		method string
		body   io.Reader
		change func(*http.Request)
		step   stubStep
		policy middleware.RetryPolicy
		want   int
	}{
		{name: "success", step: ok, want: 1},
		{name: "status 503", step: bad, want: 3},
		{name: "status 429", step: stubStatus(429, ""), want: 3},
		{name: "status 500", step: stubStatus(500, ""), want: 3},
		{name: "status 501", step: stubStatus(501, ""), want: 1},
		{name: "status 404", step: stubStatus(404, ""), want: 1},
		{name: "failure", step: broken, want: 3},
		{name: "empty method", method: "-", step: bad, want: 3},
		{name: "HEAD", method: "HEAD", step: bad, want: 3},
		{name: "OPTIONS", method: "OPTIONS", step: bad, want: 3},
		{name: "TRACE", method: "TRACE", step: bad, want: 3},
		{name: "PUT", method: "PUT", body: strings.NewReader("x"), step: bad, want: 3},
		{name: "DELETE", method: "DELETE", step: bad, want: 3},
		{name: "QUERY", method: "QUERY", body: strings.NewReader("x"), step: bad, want: 3},
		{name: "POST", method: "POST", body: strings.NewReader("x"), step: bad, want: 1},
		{name: "POST that fails", method: "POST", body: strings.NewReader("x"), step: broken, want: 1},
		{name: "PATCH", method: "PATCH", step: bad, want: 1},
		{name: "POST with key", method: "POST", change: keyed("Idempotency-Key"), step: bad, want: 3},
		{name: "POST with other key", method: "POST", change: keyed("X-Idempotency-Key"), step: bad, want: 3},
		{name: "POST told otherwise", method: "POST", step: bad, policy: middleware.RetryPolicy{NonIdempotent: true}, want: 3},
		{name: "body that is gone", method: "PUT", body: onceBody("x"), step: bad, want: 1},
		{name: "NoBody", method: "PUT", body: http.NoBody, step: bad, want: 3},
		{name: "five attempts", step: bad, policy: middleware.RetryPolicy{Attempts: 5}, want: 5},
		{name: "one attempt", step: bad, policy: middleware.RetryPolicy{Attempts: 1}, want: 1},
		{name: "off", step: bad, policy: middleware.RetryPolicy{Attempts: -1}, want: 1},
		{name: "certificate", step: stubFail(certificate), want: 1},
		{name: "certificate in a url.Error", step: stubFail(&url.Error{Err: fmt.Errorf("x: %w", certificate)}), want: 1},
		{name: "host name", step: stubFail(x509.HostnameError{Certificate: &x509.Certificate{}}), want: 1},
		{name: "certificate, insisting policy", step: stubFail(certificate), policy: middleware.RetryPolicy{CheckRetry: always}, want: 1},
		{name: "pin", step: stubFail(&errors.ServerFingerprintMismatch{Host: "h"}), policy: middleware.RetryPolicy{CheckRetry: always}, want: 1},
		{name: "invalid request", step: stubFail(&errors.InvalidRequestError{Field: "header"}), want: 1},
		{name: "closed session", step: stubFail(errors.ErrSessionClosed), want: 1},
		{name: "unknown scheme", step: stubFail(stderrors.New("unsupported protocol scheme \"x\"")), want: 1},
		{name: "policy: never", step: bad, policy: middleware.RetryPolicy{CheckRetry: never}, want: 1},
		{name: "policy: always", step: ok, policy: middleware.RetryPolicy{CheckRetry: always}, want: 3},
		{name: "policy: propagated", step: bad, policy: middleware.RetryPolicy{CheckRetry: retryablehttp.ErrorPropagatedRetryPolicy}, want: 3},
		{name: "switching", step: stubStatus(101, ""), policy: middleware.RetryPolicy{CheckRetry: always}, want: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				method := map[string]string{"": "GET"}[tt.method] + tt.method
				req := newRequest(t, strings.Trim(method, "-"), "http://h/", tt.body)
				req.Method = strings.Trim(method, "-")
				if tt.change != nil {
					tt.change(req)
				}
				rt := &stub{steps: []stubStep{tt.step}}
				resp, err := middleware.Retry(tt.policy)(rt).RoundTrip(req)
				if got := rt.calls(); got != tt.want {
					t.Errorf("got %d attempts, want %d (%v)", got, tt.want, err)
				}
				if err == nil && rt.open() != 1 {
					t.Errorf("%d responses are open, want the last", rt.open())
				}
				if err == nil {
					resp.Body.Close()
				}
			})
		})
	}
}

func always(context.Context, *http.Response, error) (bool, error) { return true, nil }
func never(context.Context, *http.Response, error) (bool, error)  { return false, nil }

// TestRetryReplaysBody: each attempt has the whole body, and requests of its own
// with the same headers.
func TestRetryReplaysBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := &stub{steps: []stubStep{stubStatus(503, "busy"), stubFail(errStub), stubStatus(200, "done")}}
		req := newRequest(t, "PUT", "http://h/", strings.NewReader("payload"))
		req.Header.Set("X-A", "1")
		code, body, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{})(rt), req)
		if code != 200 || body != "done" || err != nil {
			t.Fatalf("got %d %q %v", code, body, err)
		}
		if got := strings.Join(rt.bodies, " "); got != "payload payload payload" {
			t.Errorf("got bodies %q", got)
		}
		if rt.request(0) != req {
			t.Error("the first attempt needs no clone")
		}
		rt.request(1).Header.Set("X-A", "changed")
		if req.Header.Get("X-A") != "1" || rt.request(2).Header.Get("X-A") != "1" || rt.request(2).ContentLength != 7 {
			t.Error("the attempts share their headers")
		}
	})
}

// TestRetryKeepsLastResponse: what the server said at last is readable.
func TestRetryKeepsLastResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := &stub{steps: []stubStep{stubStatus(500, "first"), stubStatus(503, "last", "X-Reason", "full")}}
		resp, err := middleware.Retry(middleware.RetryPolicy{})(rt).RoundTrip(newRequest(t, "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 503 || string(body) != "last" || resp.Header.Get("X-Reason") != "full" || rt.open() != 0 {
			t.Errorf("got %d %q %v, %d open", resp.StatusCode, body, resp.Header, rt.open())
		}
	})
}

func TestRetryError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, last := stderrors.New("first"), &errors.ServerDisconnectedError{Host: "h:80", Err: io.ErrUnexpectedEOF}
		rt := &stub{steps: []stubStep{stubFail(first), stubStatus(503, "busy", "X-Secret-Token", "canary"), stubFail(last)}}
		req := newRequest(t, "GET", "http://u:canary@h/?q=canary", nil)
		_, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{CheckRetry: retryablehttp.ErrorPropagatedRetryPolicy})(rt), req)
		for _, target := range []error{first, last, io.ErrUnexpectedEOF, errors.ErrServerDisconnected, errors.ErrClientResponse, errors.ErrClient} {
			if !stderrors.Is(err, target) {
				t.Errorf("%v is not in %v", target, err)
			}
		}
		failed, ok := stderrors.AsType[*middleware.RetryError](err)
		if !ok || failed.Attempts != 3 || len(failed.Errs) != 3 {
			t.Fatalf("got %#v", err)
		}
		if status, ok := stderrors.AsType[*errors.ClientResponseError](err); !ok || status.Status != 503 || status.Err == nil {
			t.Errorf("got %v", status)
		}
		if text := err.Error(); !strings.HasPrefix(text, "retry: after 3 attempts: ") || !strings.HasSuffix(text, last.Error()) {
			t.Errorf("got %q", text)
		}
		if text := fmt.Sprintf("%v %v", err, failed.Errs); strings.Contains(text, "canary") || strings.Contains(text, "\n") {
			t.Errorf("got %q", text)
		}
	})
}

// TestRetryErrorOfOneAttempt is the failure itself.
func TestRetryErrorOfOneAttempt(t *testing.T) {
	t.Parallel()
	rt := middleware.Retry(middleware.RetryPolicy{})(&stub{steps: []stubStep{stubFail(errStub)}})
	if _, _, err := roundTrip(t, rt, newRequest(t, "POST", "http://h/", nil)); err != errStub {
		t.Errorf("got %v", err)
	}
}

func TestRetryErrorTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		errs []error
		want bool
	}{
		{nil, false},
		{[]error{errStub}, false},
		{[]error{errStub, context.DeadlineExceeded}, true},
		{[]error{context.DeadlineExceeded, errStub}, false},
	} {
		e := &middleware.RetryError{Attempts: 1, Errs: tt.errs}
		if e.Timeout() != tt.want || e.Temporary() != tt.want {
			t.Errorf("%v: got %v", e, e.Timeout())
		}
		if !strings.HasPrefix(e.Error(), "retry: after 1 attempt") {
			t.Errorf("got %q", e)
		}
	}
}

// TestRetryCheckRetry: what the policy gets, and what its error does.
func TestRetryCheckRetry(t *testing.T) {
	t.Parallel()
	refused := stderrors.New("policy: refused")
	t.Run("gets a url.Error", func(t *testing.T) {
		t.Parallel()
		var got error
		rt := middleware.Retry(middleware.RetryPolicy{CheckRetry: func(_ context.Context, _ *http.Response, err error) (bool, error) {
			got = err
			return false, err
		}})(&stub{steps: []stubStep{stubFail(errStub)}})
		_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://u:secret@h/", nil))
		u, ok := got.(*url.Error)
		if !ok || u.Err != errStub || u.Op != "GET" || strings.Contains(u.URL, "secret") || err != errStub {
			t.Errorf("got %v; %v", got, err)
		}
	})
	for name, step := range map[string]stubStep{"refuses a response": stubStatus(200, "fine"), "replaces a failure": stubFail(errStub)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := &stub{steps: []stubStep{step}}
			_, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{
				CheckRetry: func(context.Context, *http.Response, error) (bool, error) { return false, refused },
			})(rt), newRequest(t, "GET", "http://h/", nil))
			if !stderrors.Is(err, refused) || rt.open() != 0 || rt.calls() != 1 {
				t.Errorf("got %v, %d open", err, rt.open())
			}
			if name == "replaces a failure" && !stderrors.Is(err, errStub) {
				t.Errorf("the cause is lost: %v", err)
			}
		})
	}
}

func TestRetryHooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		rt := &stub{steps: []stubStep{stubFail(errStub), stubStatus(503, "x"), stubStatus(200, "y")}}
		policy := middleware.RetryPolicy{
			Backoff: func(_, _ time.Duration, n int, _ *http.Response) time.Duration {
				return time.Duration(n+1) * time.Second
			},
			OnAttempt: func(a middleware.Attempt) {
				status := 0
				if a.Response != nil {
					status = a.Response.StatusCode
				}
				seen = append(seen, fmt.Sprint(a.Number, a.Request.Header["X-Try"], status, a.Err, a.Retry, a.Wait, a.Elapsed))
			},
			Prepare: func(req *http.Request, attempt int) error {
				req.Header.Set("X-Try", fmt.Sprint(attempt))
				return nil
			},
		}
		req := newRequest(t, "GET", "http://h/", nil)
		if code, _, err := roundTrip(t, middleware.Retry(policy)(rt), req); code != 200 {
			t.Fatal(code, err)
		}
		want := "1 [] 0 stub: broken true 1s 0s\n2 [2] 503 <nil> true 2s 0s\n3 [3] 200 <nil> false 0s 0s"
		if got := strings.Join(seen, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if req.Header.Get("X-Try") != "" {
			t.Error("the caller's request was changed")
		}
	})
}

// TestRetryCannotRewind: the attempts so far, and why there is no other.
func TestRetryCannotRewind(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*http.Request, *middleware.RetryPolicy){
		"GetBody": func(req *http.Request, _ *middleware.RetryPolicy) {
			req.GetBody = func() (io.ReadCloser, error) { return nil, errStub }
		},
		"Prepare": func(_ *http.Request, p *middleware.RetryPolicy) {
			p.Prepare = func(*http.Request, int) error { return errStub }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{stubStatus(503, "")}}
				req := newRequest(t, "PUT", "http://h/", bytes.NewReader([]byte("x")))
				fresh := newStubBody("x")
				req.GetBody = func() (io.ReadCloser, error) { return fresh, nil }
				var policy middleware.RetryPolicy
				spoil(req, &policy)
				_, _, err := roundTrip(t, middleware.Retry(policy)(rt), req)
				if !stderrors.Is(err, errStub) || !stderrors.Is(err, errors.ErrClientResponse) || rt.open() != 0 {
					t.Errorf("got %v, %d open", err, rt.open())
				}
				if got := stderrors.Is(err, errors.ErrBodyNotReplayable); got != (name == "GetBody") {
					t.Errorf("got %v", err)
				}
				if name == "Prepare" && fresh.closed.Load() != 1 {
					t.Error("the fresh body is open")
				}
			})
		})
	}
}

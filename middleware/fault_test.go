package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

var errFault = errors.New("planned")

// faultEcho answers with ten bytes.
func faultEcho(count *int) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		*count++
		return &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader("0123456789")), ContentLength: 10, Request: req}, nil
	})
}

func TestFaultRules(t *testing.T) {
	t.Parallel()
	match := func(path string) func(*http.Request) bool {
		return func(req *http.Request) bool { return req.URL.Path == path }
	}
	const fine = "200 OK 0123456789"
	for _, tc := range []struct {
		name  string
		rules []middleware.FaultRule
		paths string // one request each
		want  []string
	}{
		{"none", nil, "a", []string{fine}},
		{"zero", []middleware.FaultRule{{}}, "a", []string{fine}},
		{"error", []middleware.FaultRule{{Err: errFault}}, "aa", []string{"planned", "planned"}},
		{"error twice, after one", []middleware.FaultRule{{Err: errFault, After: 1, Times: 2}}, "aaaa", []string{fine, "planned", "planned", fine}},
		{"by path", []middleware.FaultRule{{Match: match("/b"), Err: errFault, Times: 1}}, "abb", []string{fine, "planned", fine}},
		{"the first that fits", []middleware.FaultRule{{Match: match("/b"), Err: errFault}, {Status: 503, Body: "busy", Times: 1}}, "abc", []string{"503 Service Unavailable busy", "planned", fine}},
		{"one after the other", []middleware.FaultRule{{Err: errFault, Times: 1}, {Status: 429, Times: 1}}, "aaa", []string{"planned", "429 Too Many Requests ", fine}},
		{"cut", []middleware.FaultRule{{CutBody: 4}}, "a", []string{"200 OK 0123 content length error: 4 of 10 bytes: unexpected EOF"}},
		{"cut at once", []middleware.FaultRule{{CutBody: -1}}, "a", []string{"200 OK  content length error: 0 of 10 bytes: unexpected EOF"}},
		{"cut with an error", []middleware.FaultRule{{CutBody: 9, CutErr: errFault}}, "a", []string{"200 OK 012345678 planned"}},
		{"cut behind the end", []middleware.FaultRule{{CutBody: 11}}, "a", []string{fine}},
		{"cut of a made-up body", []middleware.FaultRule{{Status: 200, Body: "hello", CutBody: 2}}, "a", []string{"200 OK he content length error: 2 of 5 bytes: unexpected EOF"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			count := 0
			rt := middleware.Fault(tc.rules...)(faultEcho(&count))
			for i, path := range tc.paths {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/"+string(path), nil)
				if got := faultOutcome(rt, req); got != tc.want[i] {
					t.Errorf("request %d: got %q, want %q", i, got, tc.want[i])
				}
			}
		})
	}
}

func faultOutcome(rt http.RoundTripper, req *http.Request) string {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.Status + " " + string(body) + " " + err.Error()
	}
	return resp.Status + " " + string(body)
}

// What is not sent has its body closed; headers are given and not shared.
func TestFaultAnswer(t *testing.T) {
	t.Parallel()
	for _, rule := range []middleware.FaultRule{{Err: errFault}, {Status: 503, Header: http.Header{"Retry-After": {"7"}}}} {
		count, closed := 0, 0
		rt := middleware.Fault(rule)(faultEcho(&count))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com/", nil)
		req.Body = mwtest.CountClose(strings.NewReader("x"), &closed)
		resp, err := rt.RoundTrip(req)
		if closed != 1 || count != 0 {
			t.Errorf("closed %v times, sent %v times", closed, count)
		}
		if err != nil {
			continue
		}
		if resp.Header.Get("Retry-After") != "7" || resp.Header.Get("Content-Length") != "0" || resp.Request != req || resp.ProtoMajor != 1 {
			t.Errorf("got %+v", resp)
		}
		resp.Header.Set("Retry-After", "8")
		if rule.Header.Get("Retry-After") != "7" {
			t.Error("a caller changed the rule")
		}
	}
	rt := middleware.Fault(middleware.FaultRule{Status: 200, Body: "hello"})(nil)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://example.com/", nil)
	if resp, err := rt.RoundTrip(req); err != nil || resp.Body != http.NoBody || resp.ContentLength != 5 {
		t.Errorf("HEAD: got %+v, %v", resp, err)
	}
}

func TestFaultTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		count := 0
		start := time.Now()
		rt := middleware.Fault(middleware.FaultRule{Delay: time.Hour, SlowBody: time.Minute})(faultEcho(&count))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		if got := faultOutcome(rt, req); got != "200 OK 0123456789" {
			t.Errorf("got %v", got)
		}
		if took := time.Since(start); took != time.Hour+2*time.Minute { // one read has the bytes, one the end
			t.Errorf("took %v", took)
		}

		start = time.Now()
		slow := middleware.Fault(middleware.FaultRule{SlowBody: time.Minute, Status: 200, Body: strings.Repeat("x", 3000)})(nil)
		resp, err := slow.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := resp.Body.Read(make([]byte, 3000)); n != 1024 || err != nil || time.Since(start) != time.Minute {
			t.Errorf("a slow read: got %v bytes, %v, after %v", n, err, time.Since(start))
		}
		resp.Body.Close()

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errFault)
		defer cancel()
		if _, err := rt.RoundTrip(req.Clone(ctx)); !errors.Is(err, errFault) || count != 1 {
			t.Errorf("delay: got %v, sent %v", err, count)
		}

		slow = middleware.Fault(middleware.FaultRule{SlowBody: time.Hour})(faultEcho(&count))
		ctx, cancel = context.WithTimeoutCause(t.Context(), time.Second, errFault)
		defer cancel()
		resp, err = slow.RoundTrip(req.Clone(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, errFault) {
			t.Errorf("slow body: got %v", err)
		}
		resp.Body.Close()

		resp, err = slow.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := io.ReadAll(resp.Body)
			ended <- err
		}()
		synctest.Wait()
		resp.Body.Close()
		resp.Body.Close()
		if err := <-ended; !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("closed while it is read: got %v", err)
		}
	})
}

func TestFaultUpgrade(t *testing.T) {
	t.Parallel()
	type connection struct{ io.ReadWriteCloser }
	rt := middleware.Fault(middleware.FaultRule{CutBody: 1, SlowBody: time.Hour})(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Body: connection{}}, nil
	}))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	if resp, err := rt.RoundTrip(req); err != nil {
		t.Fatal(err)
	} else if _, ok := resp.Body.(connection); !ok {
		t.Errorf("got %T", resp.Body)
	}
}

func ExampleFault() {
	fault := middleware.Fault(
		middleware.FaultRule{Times: 1, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}}},
		middleware.FaultRule{CutBody: 2},
	)
	client := &http.Client{Transport: fault(mwtest.HelloServer())}
	for range 2 {
		resp, err := client.Get("http://example.com/a")
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(resp.StatusCode, string(body), err)
	}
	// Output:
	// 503  <nil>
	// the server is asked: GET /a
	// 200 he content length error: 2 of 5 bytes: unexpected EOF
}

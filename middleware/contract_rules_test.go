package middleware_test

import (
	"bytes"
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// contract checks that what a middleware makes is a RoundTripper in full. mw is
// called for each rule, and again for each part of one.
func contract(t *testing.T, name string, mw func() middleware.Middleware) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for rule, check := range contractRules {
			t.Run(rule, func(t *testing.T) {
				t.Parallel()
				// A goroutine that is left behind makes the bubble panic.
				synctest.Test(t, func(t *testing.T) { check(t, mw) })
			})
		}
		for client, check := range contractClients {
			t.Run(client, func(t *testing.T) {
				t.Parallel()
				check(t, mw)
			})
		}
	})
}

type contractRule = func(t *testing.T, mw func() middleware.Middleware)

var contractRules = map[string]contractRule{
	"request is unchanged":      contractUnchanged,
	"request body is closed":    contractRequestBody,
	"response body is handed":   contractResponseBody,
	"status is no error":        contractStatus,
	"failure is handed":         contractFailure,
	"101 is the connection":     contractSwitching,
	"cancel returns at once":    contractCancel,
	"cancelled from the start":  contractCancelled,
	"nil is survived":           contractNil,
	"concurrent requests":       contractConcurrent,
	"response names request":    contractNamesRequest,
	"closing before the end":    contractCloseEarly,
	"cancel after the response": contractCancelBody,
}

var contractClients = map[string]contractRule{
	"in an http.Client": contractClient,
	"in a Session":      contractSession,
}

// contractMethods are requests with and without a body, replayable and not.
func contractMethods(t testing.TB) map[string]*http.Request {
	return map[string]*http.Request{
		"GET":       newRequest(t, "GET", "http://h/get?q=1#f", nil),
		"PUT":       newRequest(t, "PUT", "http://h/put", strings.NewReader("replayable")),
		"POST":      newRequest(t, "POST", "http://h/post", strings.NewReader("replayable")),
		"POST once": newRequest(t, "POST", "http://h/once", onceBody("gone")),
	}
}

func contractUnchanged(t *testing.T, mw func() middleware.Middleware) {
	for _, status := range []int{200, 401, 407, 429, 503} {
		for name, req := range contractMethods(t) {
			req.Header["X-A"] = []string{"1", "2"}
			before, header, url := *req, req.Header.Clone(), *req.URL
			resp, err := mw()(&stub{steps: []stubStep{stubStatus(status, "x", "Retry-After", "1",
				"Www-Authenticate", `Digest realm="r", nonce="n", qop="auth"`, "Proxy-Authenticate", `Digest realm="r", nonce="n"`)}}).RoundTrip(req)
			if err != nil {
				t.Fatalf("%s %d: %v", name, status, err)
			}
			resp.Body.Close()
			if !reflect.DeepEqual(req.Header, header) || *req.URL != url {
				t.Errorf("%s %d: the request is now %v %v", name, status, req.URL, req.Header)
			}
			if req.Body != before.Body || req.Host != before.Host || req.ContentLength != before.ContentLength ||
				req.Method != before.Method || req.Close != before.Close || req.Context() != before.Context() {
				t.Errorf("%s %d: the request's fields have changed", name, status)
			}
		}
	}
}

func contractRequestBody(t *testing.T, mw func() middleware.Middleware) {
	for name, step := range map[string]stubStep{"success": stubStatus(200, ""), "failure": stubFail(errStub)} {
		for _, method := range []string{"POST", "PUT", "GET"} {
			body := newStubBody("sent")
			req := newRequest(t, method, "http://h/", body)
			req.Body = body
			rt := &stub{steps: []stubStep{step}}
			if resp, err := mw()(rt).RoundTrip(req); err == nil {
				resp.Body.Close()
			}
			if got := body.closed.Load(); got != 1 {
				t.Errorf("%s, %s: closed %d times, want once", method, name, got)
			}
			if rt.bodies[0] != "sent" {
				t.Errorf("%s, %s: sent %q", method, name, rt.bodies[0])
			}
		}
	}
}

func contractResponseBody(t *testing.T, mw func() middleware.Middleware) {
	text := strings.Repeat("0123456789", 20_000)
	for name, req := range contractMethods(t) {
		rt := &stub{steps: []stubStep{stubStatus(200, text, "X-A", "1")}}
		resp, err := mw()(rt).RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || string(got) != text || resp.Header.Get("X-A") != "1" {
			t.Errorf("%s: got %d bytes, %v", name, len(got), err)
		}
		resp.Body.Close()
		synctest.Wait()
		if n := rt.made[0].closed.Load(); n != 1 {
			t.Errorf("%s: the response's body was closed %d times, want once", name, n)
		}
	}
}

// contractCloseEarly: a caller who does not read has to close, and that is all.
func contractCloseEarly(t *testing.T, mw func() middleware.Middleware) {
	rt := &stub{steps: []stubStep{stubStatus(200, strings.Repeat("x", 1<<20))}}
	resp, err := mw()(rt).RoundTrip(newRequest(t, "GET", "http://h/", nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	synctest.Wait()
	if rt.open() != 0 {
		t.Error("the response's body is open")
	}
}

func contractStatus(t *testing.T, mw func() middleware.Middleware) {
	for _, status := range []int{204, 301, 304, 400, 401, 403, 404, 407, 408, 412, 416, 429, 500, 501, 502, 503, 504, 599} {
		rt := &stub{steps: []stubStep{stubStatus(status, "text")}}
		code, body, err := roundTrip(t, mw()(rt), newRequest(t, "GET", "http://h/", nil))
		synctest.Wait() // for what was sent beside it
		if code != status || body != "text" || err != nil || rt.open() != 0 {
			t.Errorf("%d: got %d %q %v, %d open", status, code, body, err, rt.open())
		}
	}
}

func contractFailure(t *testing.T, mw func() middleware.Middleware) {
	for name, req := range contractMethods(t) {
		resp, err := mw()(&stub{steps: []stubStep{stubFail(errStub)}}).RoundTrip(req)
		if !stderrors.Is(err, errStub) || resp != nil {
			t.Errorf("%s: got %v %v", name, resp, err)
		}
	}
}

// contractConn is the body of a 101 response.
type contractConn struct {
	io.Reader
	bytes.Buffer
	closed atomic.Int32
}

func (c *contractConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }
func (c *contractConn) Close() error               { c.closed.Add(1); return nil }

func contractSwitching(t *testing.T, mw func() middleware.Middleware) {
	conn := &contractConn{Reader: strings.NewReader("from the server")}
	req := newRequest(t, "GET", "http://h/chat", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req = req.WithContext(ctx)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	resp, err := mw()(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Header: http.Header{"Upgrade": {"websocket"}}, Body: conn}, nil
	})).RoundTrip(req)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v %v", resp, err)
	}
	time.Sleep(24 * time.Hour) // no deadline, and nobody else reads
	rw, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("got %T, want an io.ReadWriteCloser", resp.Body)
	}
	if conn.closed.Load() != 0 {
		t.Error("the connection was closed")
	}
	if _, err := rw.Write([]byte("to the server")); err != nil || conn.String() != "to the server" {
		t.Errorf("wrote %q, %v", conn.String(), err)
	}
	if got, err := io.ReadAll(rw); string(got) != "from the server" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if rw.Close(); conn.closed.Load() != 1 {
		t.Errorf("closed %d times", conn.closed.Load())
	}
}

func contractCancel(t *testing.T, mw func() middleware.Middleware) {
	for name, req := range contractMethods(t) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errStub) })
		start := time.Now()
		resp, err := mw()(&stub{steps: []stubStep{stubHang}}).RoundTrip(req.WithContext(ctx))
		if !stderrors.Is(err, context.Canceled) || resp != nil {
			t.Errorf("%s: got %v %v", name, resp, err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("%s: returned after %v", name, took)
		}
	}
}

func contractCancelled(t *testing.T, mw func() middleware.Middleware) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := newStubBody("x")
	req := newRequest(t, "POST", "http://h/", nil).WithContext(ctx)
	req.Body = body
	start := time.Now()
	resp, err := mw()(&stub{steps: []stubStep{stubHang}}).RoundTrip(req)
	if !stderrors.Is(err, context.Canceled) || resp != nil || time.Since(start) != 0 {
		t.Errorf("got %v %v after %v", resp, err, time.Since(start))
	}
	if synctest.Wait(); body.closed.Load() != 1 {
		t.Errorf("the request's body was closed %d times, want once", body.closed.Load())
	}
}

// contractCancelBody: the end of the context does not take the body away from
// somebody who is not reading, nor does it hold anybody.
func contractCancelBody(t *testing.T, mw func() middleware.Middleware) {
	ctx, cancel := context.WithCancel(t.Context())
	rt := &stub{steps: []stubStep{stubStatus(200, "x")}}
	resp, err := mw()(rt).RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	synctest.Wait()
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if synctest.Wait(); rt.open() != 0 {
		t.Error("the response's body is open")
	}
}

func contractNil(t *testing.T, mw func() middleware.Middleware) {
	body := newStubBody("x")
	req := newRequest(t, "POST", "http://h/", nil)
	req.Body = body
	if resp, err := mw()(nil).RoundTrip(req); err == nil || resp != nil {
		t.Errorf("no RoundTripper below: got %v %v", resp, err)
	}
	if body.closed.Load() != 1 {
		t.Errorf("no RoundTripper below: the body was closed %d times, want once", body.closed.Load())
	}
	for name, change := range map[string]func(*http.Request){
		"header": func(r *http.Request) { r.Header = nil },
		"URL":    func(r *http.Request) { r.URL = nil },
		"method": func(r *http.Request) { r.Method = "" },
	} {
		req := newRequest(t, "GET", "http://h/", nil)
		change(req)
		if code, _, err := roundTrip(t, mw()(&stub{steps: []stubStep{stubStatus(200, "")}}), req); code != 200 && err == nil {
			t.Errorf("no %s: got %d", name, code)
		}
	}
	for _, status := range []int{200, 401, 429, 503} {
		resp, err := mw()(&stub{steps: []stubStep{func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status}, nil
		}}}).RoundTrip(newRequest(t, "GET", "http://h/", nil))
		if err == nil && resp.StatusCode != status {
			t.Errorf("no header and body: got %v", resp)
		}
	}
}

func contractConcurrent(t *testing.T, mw func() middleware.Middleware) {
	rt := mw()(middleware.Func(func(req *http.Request) (*http.Response, error) {
		var sent []byte
		if req.Body != nil {
			sent, _ = io.ReadAll(req.Body)
			req.Body.Close()
		}
		time.Sleep(time.Millisecond)
		return stubStatus(200, req.URL.Path+" "+string(sent), "X-Path", req.URL.Path)(req)
	}))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			method, text, body := "GET", "", io.Reader(nil)
			if i%2 == 1 {
				method, text = "PUT", fmt.Sprint(i)
				body = strings.NewReader(text)
			}
			path := fmt.Sprintf("/%d", i%20)
			code, got, err := roundTrip(t, rt, newRequest(t, method, "http://h"+path, body))
			if want := path + " " + text; code != 200 || got != want || err != nil {
				t.Errorf("got %d %q %v, want %q", code, got, err, want)
			}
		})
	}
	wg.Wait()
}

func contractNamesRequest(t *testing.T, mw func() middleware.Middleware) {
	req := newRequest(t, "GET", "http://h/path?q", nil)
	resp, err := mw()(&stub{steps: []stubStep{stubStatus(200, "")}}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Request == nil || resp.Request.URL.String() != req.URL.String() || resp.Request.Method != req.Method {
		t.Errorf("got %v", resp.Request)
	}
}

// contractEcho sends back method, path and body, by way of a redirect.
func contractEcho(t *testing.T) (url string, transport *http.Transport) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Sent", r.Header.Get("X-Sent"))
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	}))
	transport = &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return server.URL, transport
}

// contractAnswers are what the echo says to the paths.
var contractAnswers = map[[2]string]string{
	{"GET", "/"}: "GET / ", {"POST", "/post"}: "POST /post body", {"PUT", "/from"}: "PUT /to body", {"GET", "/from"}: "GET /to ",
}

func contractClient(t *testing.T, mw func() middleware.Middleware) {
	url, transport := contractEcho(t)
	client := &http.Client{Transport: mw()(transport)}
	for ask := range maps.Keys(contractAnswers) {
		var body io.Reader
		if ask[0] != "GET" {
			body = strings.NewReader("body")
		}
		resp, err := client.Do(newRequest(t, ask[0], url+ask[1], body))
		if err != nil {
			t.Fatalf("%v: %v", ask, err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != contractAnswers[ask] || err != nil {
			t.Errorf("%v: got %q %v", ask, got, err)
		}
	}
}

func contractSession(t *testing.T, mw func() middleware.Middleware) {
	url, _ := contractEcho(t)
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{mw()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for ask, want := range contractAnswers {
		var opts []session.Option
		if ask[0] != "GET" {
			opts = append(opts, session.Text("body"))
		}
		resp, err := s.Request(t.Context(), ask[0], url+ask[1], opts...)
		if err != nil {
			t.Fatalf("%v: %v", ask, err)
		}
		if got, err := resp.Text(); got != want || err != nil {
			t.Errorf("%v: got %q %v", ask, got, err)
		}
	}
}

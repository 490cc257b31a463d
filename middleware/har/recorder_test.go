package har_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

var errOrigin = stderrors.New("origin is down")

// failingReader is a body that breaks off.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errOrigin }

func archiveText(t testing.TB, h *har.Recorder) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := h.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatal(n, err)
	}
	return out.Bytes()
}

// valueAt is the value at a path like "response.content.text".
func valueAt(entry map[string]any, path string) any {
	var at any = entry
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	return at
}

func TestCanary(t *testing.T) {
	t.Parallel()
	h := har.New(har.Config{Redaction: middleware.Redaction{Headers: []string{"X-Mine"}, ShowQuery: []string{"page"}}})
	rt := h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
		return mwtest.CanaryResponse(req), nil
	}))
	resp, err := rt.RoundTrip(mwtest.CanaryRequest(t, "password="+mwtest.Canary))
	if err != nil {
		t.Fatal(err)
	}
	mwtest.Drain(t, resp)
	failing := h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		return nil, stderrors.New("cannot send " + req.URL.String() + " with " + req.Header.Get("Authorization"))
	}))
	failing.RoundTrip(mwtest.CanaryRequest(t, mwtest.Canary))
	text := archiveText(t, h)
	entries := checkArchive(t, text)
	mwtest.CheckCanary(t, string(text), "***@example.com/path?token=***", "sid=***", "X-Open", "seen")
	for path, want := range map[string]any{
		"request.method": "POST", "request.bodySize": float64(len("password=" + mwtest.Canary)), "response.status": 200.0, "response.statusText": "OK",
		"response.content.size": 5.0, "response.content.text": nil, "request.postData": nil, "response.redirectURL": "/next?code=***",
	} {
		if got := valueAt(entries[0], path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if got := fmt.Sprint(valueAt(entries[0], "request.queryString")); got != "[map[name:token value:***] map[name:q value:***] map[name:page value:2]]" {
		t.Errorf("query: got %v", got)
	}
	if got := fmt.Sprint(valueAt(entries[0], "response.cookies")); got != "[map[name:sid value:***]]" {
		t.Errorf("cookies: got %v", got)
	}
	if got := fmt.Sprint(valueAt(entries[1], "response._error")); got != "cannot send http://***@example.com/path?token=***&q=***&***&page=2 with ***" || valueAt(entries[1], "response.status") != 0.0 {
		t.Errorf("a failure: got %v", got)
	}
}

// Bodies are in the file only if that was asked for, up to the limit, and go
// through the redaction.
func TestBodies(t *testing.T) {
	t.Parallel()
	h := har.New(har.Config{MaxBody: 10, Redaction: middleware.Redaction{Body: func(kind string, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte("pw"), []byte("**"))
	}}})
	answer := func(kind, body string) http.RoundTripper {
		return h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, req.Body) // a first attempt
			again, _ := req.GetBody()
			io.Copy(io.Discard, again)
			again.Close()
			req.Body.Close()
			return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}))
	}
	for _, tc := range []struct{ kind, body, text, encoding, comment string }{
		{"text/plain", "a pw", "a **", "", ""},
		{"application/problem+json; charset=utf-8", "{}", "{}", "", ""},
		{"text/plain", "0123456789abc", "0123456789", "", "cut"},
		{"image/png", "\x89PNG", base64.StdEncoding.EncodeToString([]byte("\x89PNG")), "base64", ""},
		{"text/plain; charset=latin1", "a", base64.StdEncoding.EncodeToString([]byte("a")), "base64", ""},
		{"text/plain", "\xff", base64.StdEncoding.EncodeToString([]byte("\xff")), "base64", ""},
	} {
		h.Reset()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://example.com/", strings.NewReader("my pw\xff"))
		req.Header.Set("Content-Type", "text/x")
		resp, err := answer(tc.kind, tc.body).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
		entries := checkArchive(t, archiveText(t, h))
		if len(entries) != 1 || h.Len() != 1 {
			t.Fatalf("got %d entries", len(entries))
		}
		or := func(v any) string {
			s, _ := v.(string)
			return s
		}
		content := [3]string{or(valueAt(entries[0], "response.content.text")), or(valueAt(entries[0], "response.content.encoding")), or(valueAt(entries[0], "response.content.comment"))}
		if content != [3]string{tc.text, tc.encoding, tc.comment} || valueAt(entries[0], "response.content.size") != float64(len(tc.body)) {
			t.Errorf("%s %q: got %q", tc.kind, tc.body, content)
		}
		if got := valueAt(entries[0], "request.postData.text"); got != "my **\uFFFD" {
			t.Errorf("request: got %q", got)
		}
	}
}

// The phases, from a real transport over loopback, and of a transport that
// tells nothing.
func TestTimings(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		io.WriteString(w, "hello")
	}))
	defer server.Close()
	h := har.New(har.Config{})
	client := server.Client()
	defer client.CloseIdleConnections()
	client.Transport = h.Wrap(client.Transport)
	heard := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { heard = true }})
	for range 2 {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
	}
	entries := checkArchive(t, archiveText(t, h))
	if len(entries) != 2 || !heard {
		t.Fatalf("got %d entries, and the caller's own hooks heard: %v", len(entries), heard)
	}
	first, second := entries[0], entries[1]
	if ssl, _ := valueAt(first, "timings.ssl").(float64); ssl <= 0 {
		t.Errorf("a new connection: ssl is %v", ssl)
	}
	if valueAt(second, "timings.connect") != -1.0 || valueAt(second, "timings.ssl") != -1.0 {
		t.Errorf("a reused connection: %v", valueAt(second, "timings"))
	}
	if got := valueAt(first, "serverIPAddress"); got != "127.0.0.1" {
		t.Errorf("server: got %v", got)
	}
}

func TestTimingsWithoutHooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := har.New(har.Config{})
		rt := h.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Body: io.NopCloser(strings.NewReader("x"))}, nil
		}))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if h.Len() != 0 {
			t.Error("it is there before its end")
		}
		resp.Body.Close()
		resp.Body.Close()
		entries := checkArchive(t, archiveText(t, h))
		want := map[string]any{"blocked": 0.0, "dns": -1.0, "connect": -1.0, "ssl": -1.0, "send": 0.0, "wait": 3000.0, "receive": 2000.0}
		if got := valueAt(entries[0], "timings"); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := valueAt(entries[0], "startedDateTime"); got != "2000-01-01T00:00:00.000Z" {
			t.Errorf("got %v", got)
		}
	})
}

// Each phase has its time, whatever the hooks tell after there is a connection.
func TestPhases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := har.New(har.Config{})
		rt := h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			hooks := httptrace.ContextClientTrace(req.Context())
			for i, step := range []func(){
				func() {},
				func() { hooks.DNSStart(httptrace.DNSStartInfo{}) },
				func() { hooks.DNSDone(httptrace.DNSDoneInfo{}) },
				func() { hooks.ConnectStart("tcp", "a"); hooks.ConnectStart("tcp", "b") },
				func() { hooks.ConnectDone("tcp", "a", stderrors.New("refused")) },
				func() { hooks.ConnectDone("tcp", "b", nil); hooks.TLSHandshakeStart() },
				func() { hooks.TLSHandshakeDone(tls.ConnectionState{}, nil) },
				func() { hooks.GotConn(httptrace.GotConnInfo{}) },
				func() { hooks.ConnectDone("tcp", "c", nil); hooks.DNSDone(httptrace.DNSDoneInfo{}) }, // of another dial
				func() { hooks.WroteRequest(httptrace.WroteRequestInfo{}) },
				func() { hooks.GotFirstResponseByte() },
			} {
				time.Sleep(time.Duration(i) * time.Second)
				step()
			}
			return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Body: http.NoBody}, nil
		}))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		if _, err := rt.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		entries := checkArchive(t, archiveText(t, h))
		want := map[string]any{"blocked": 11000.0, "dns": 2000.0, "connect": 15000.0, "ssl": 6000.0, "send": 17000.0, "wait": 10000.0, "receive": 0.0}
		if got := valueAt(entries[0], "timings"); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// The connection of a 101 passes as it is; a body that breaks is told; what has
// no body ends at once.
func TestPasses(t *testing.T) {
	t.Parallel()
	type connection struct{ io.ReadWriteCloser }
	h := har.New(har.Config{})
	bodies := []io.ReadCloser{connection{}, http.NoBody, io.NopCloser(failingReader{})}
	for i, status := range []int{101, 204, 200} {
		req, _ := http.NewRequestWithContext(t.Context(), "", "http://example.com/", nil)
		resp, err := h.Wrap(middleware.Func(func(sent *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Proto: "HTTP/1.1", Body: bodies[i], Request: sent}, nil
		})).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Request != req {
			t.Error("the response is not of the caller's request")
		}
		if _, ok := resp.Body.(connection); ok != (status == 101) {
			t.Errorf("%d: a body of %T", status, resp.Body)
		}
		if status == 200 {
			if _, err := io.ReadAll(resp.Body); !stderrors.Is(err, errOrigin) {
				t.Errorf("got %v", err)
			}
		}
	}
	entries := checkArchive(t, archiveText(t, h))
	if len(entries) != 3 || valueAt(entries[2], "response._error") != "origin is down" || valueAt(entries[0], "request.method") != "GET" {
		t.Errorf("got %v", entries)
	}
}

// The oldest go first; many may record at once; a body may be copied by its own
// WriteTo.
func TestMany(t *testing.T) {
	t.Parallel()
	h := har.New(har.Config{MaxEntries: 5, MaxBody: 3})
	rt := h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"text/plain"}}, Body: bodyWriterTo{strings.NewReader("hello")}}, nil
	}))
	if entries := checkArchive(t, archiveText(t, h)); len(entries) != 0 {
		t.Errorf("nothing was sent: %v", entries)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				ctx, cancel := context.WithCancel(context.Background())
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/", nil)
				resp, _ := rt.RoundTrip(req)
				var out strings.Builder
				if n, err := io.Copy(&out, resp.Body); n != 5 || err != nil || out.String() != "hello" {
					t.Errorf("got %v %v %q", n, err, out.String())
				}
				resp.Body.Close()
				cancel()
			}
		})
	}
	wg.Wait()
	entries := checkArchive(t, archiveText(t, h))
	if len(entries) != 5 || valueAt(entries[4], "response.content.text") != "hel" || valueAt(entries[4], "response.bodySize") != 5.0 {
		t.Errorf("got %d entries: %v", len(entries), entries)
	}
}

// bodyWriterTo can only be copied, not read.
type bodyWriterTo struct{ io.WriterTo }

func (bodyWriterTo) Read([]byte) (int, error) { return 0, stderrors.New("read instead of WriteTo") }
func (bodyWriterTo) Close() error             { return nil }

// An archive is bounded by what it takes, not only by its entries.
func TestIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit int64
		want  int
	}{{10 << 20, 9}, {0, 63}, {-1, 100}, {1000, 0}} {
		h := har.New(har.Config{MaxBytes: tt.limit})
		big := strings.Repeat("x", 1<<20)
		rt := h.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"X-Big": {big}}, Body: http.NoBody}, nil
		}))
		for range 100 {
			mwtest.Send(t, rt, "GET", "http://h/", "", "")
		}
		if got := h.Len(); got != tt.want {
			t.Errorf("limit %d: got %d entries, want %d", tt.limit, got, tt.want)
		}
	}
}

func ExampleNew() {
	recorder := har.New(har.Config{Creator: "my program", CreatorVersion: "1.0"})
	client := &http.Client{Transport: recorder.Wrap(mwtest.HelloServer())}
	mwtest.PrintGet(client, "http://example.com/a")
	var file strings.Builder // or an *os.File
	if _, err := recorder.WriteTo(&file); err != nil {
		fmt.Println(err)
	}
	fmt.Println(recorder.Len(), strings.Contains(file.String(), `"url": "http://example.com/a"`))
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 1 true
}

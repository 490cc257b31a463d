package cassette_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

var errOrigin = errors.New("origin is down")

// failingReader is a body that breaks off.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errOrigin }

func open(t testing.TB, path string, cfg cassette.Config) *cassette.Cassette {
	t.Helper()
	c, err := cassette.Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send sends a request and returns "STATUS BODY", or the error.
func send(t testing.TB, rt http.RoundTripper, method, url, body string) string {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	if resp.Request != req {
		t.Error("the response is not of the request")
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return resp.Status + " " + string(got)
}

// echoServer answers with what it got, and counts.
func echoServer(count *int) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		*count++
		var body []byte
		if req.Body != nil {
			body, _ = io.ReadAll(req.Body)
			req.Body.Close()
		}
		text := fmt.Sprintf("%d %s %s %s", *count, req.Method, req.URL.RequestURI(), body)
		return &http.Response{
			Status: "200 Fine", StatusCode: 200, Proto: "HTTP/2.0", Request: req,
			Header: http.Header{"Content-Type": {"text/plain"}, "X-Count": {fmt.Sprint(*count)}},
			Body:   io.NopCloser(strings.NewReader(text)),
		}, nil
	})
}

func TestMatches(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.txt")
	count := 0
	rec := open(t, path, cassette.Config{Mode: cassette.Auto})
	if !rec.Recording() {
		t.Fatal("a missing file is not recorded")
	}
	rt := rec.Wrap(echoServer(&count))
	const base = "http://user:pw@example.com"
	recorded := []string{
		send(t, rt, "GET", base+"/a?page=1&token=one", ""),
		send(t, rt, "GET", base+"/a?page=2&token=one", ""),
		send(t, rt, "POST", base+"/a", "x"),
		send(t, rt, "POST", base+"/a", "y"),
		send(t, rt, "GET", base+"/a?page=1&token=one", ""),
	}
	for range 2 {
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
	}
	play := open(t, path, cassette.Config{Mode: cassette.Auto})
	if play.Recording() || play.Unused() != 5 {
		t.Fatalf("recording %v, unused %v", play.Recording(), play.Unused())
	}
	rt = play.Wrap(nil)
	for _, step := range []struct{ method, url, body, want string }{
		{"POST", "/a", "y", recorded[3]},
		{"POST", "/a", "z", "cassette: no answer to POST http://***@example.com/a"},
		{"GET", "/a?page=1&token=another", "", recorded[0]},
		{"GET", "/a?page=2&token=", "", recorded[1]},
		{"GET", "/a?page=3&token=one", "", "cassette: no answer to GET http://***@example.com/a?page=***&token=***"},
		{"HEAD", "/a?page=1&token=one", "", "cassette: no answer to HEAD http://***@example.com/a?page=***&token=***"},
		{"GET", "/a?page=1&token=one#frag", "", recorded[4]},
		{"GET", "/a?page=1&token=one", "", "cassette: no answer to GET http://***@example.com/a?page=***&token=***: all of them were given already"},
		{"POST", "/a", "x", recorded[2]},
	} {
		// The credentials do not count.
		if got := send(t, rt, step.method, "http://u@example.com"+step.url, step.body); got != step.want {
			t.Errorf("%s %s %s: got %q, want %q", step.method, step.url, step.body, got, step.want)
		}
	}
	if play.Unused() != 0 || count != 5 {
		t.Errorf("unused %v, sent %v", play.Unused(), count)
	}
	if err := play.Close(); err != nil {
		t.Error(err)
	}
	again := open(t, path, cassette.Config{Repeat: true}).Wrap(nil)
	for i, want := range []string{recorded[0], recorded[4], recorded[4]} {
		if got := send(t, again, "GET", base+"/a?page=1&token=one", ""); got != want {
			t.Errorf("repeat %d: got %q, want %q", i, got, want)
		}
	}
}

// What is replayed is what was recorded, whatever the body is made of.
func TestBodies(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "a", "a\n", "\n", "\n\n", "a\n\nb", "  spaces  ", "tab\there", "# no comment", "> no request", "| no body", "a\r\nb", "\x00\x01", "\xff\xfe",
		"\uFEFFmark", "äöü ∀", strings.Repeat("long ", 50_000), strings.Repeat("\x00", 1000), "trailing \n \n",
	} {
		path := filepath.Join(t.TempDir(), "c.txt")
		rec := open(t, path, cassette.Config{Mode: cassette.Record})
		rt := rec.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 201, Header: http.Header{"X-A": {"1", "2"}, "Content-Length": {"7"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(path)
		for _, eol := range []string{"\n", "\r\n"} { // as some systems check it out
			os.WriteFile(path, bytes.ReplaceAll(text, []byte("\n"), []byte(eol)), 0o600)
			resp, err := open(t, path, cassette.Config{}).Wrap(nil).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(resp.Body)
			if string(got) != body || resp.StatusCode != 201 || resp.Status != "201 Created" || len(resp.Header["X-A"]) != 2 || resp.ContentLength != int64(len(body)) {
				t.Errorf("%.40q: got %.40q, %v %v", body, got, resp.Status, resp.Header)
			}
		}
	}
}

// TestTrailers: the trailers of a response are recorded and replayed, without secrets.
func TestTrailers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Absent, X-Token")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "abc")
		w.Header().Set("X-Token", mwtest.Canary)
		w.Header().Set(http.TrailerPrefix+"X-Late", "1")
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "c.txt")
	for _, want := range []http.Header{
		{"X-Sum": {"abc"}, "X-Absent": nil, "X-Late": {"1"}, "X-Token": {mwtest.Canary}},
		{"X-Sum": {"abc"}, "X-Late": {"1"}, "X-Token": {"***"}},
	} {
		c := open(t, path, cassette.Config{Mode: cassette.Auto})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Wrap(server.Client().Transport).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "body" || err != nil || !reflect.DeepEqual(resp.Trailer, want) || resp.ContentLength != -1 {
			t.Errorf("recording %v: got %q, %v, %v, length %d, want %v", c.Recording(), body, err, resp.Trailer, resp.ContentLength, want)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCanary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.txt")
	redaction := middleware.Redaction{Headers: []string{"x-mine"}, Body: func(_ string, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(mwtest.Canary), []byte("***"))
	}}
	rec := open(t, path, cassette.Config{Mode: cassette.Record, Redaction: redaction})
	resp, err := rec.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		req.Body.Close()
		resp := mwtest.CanaryResponse(req)
		resp.Body = io.NopCloser(strings.NewReader("token " + mwtest.Canary))
		resp.Header.Set("Content-Length", fmt.Sprint(len(mwtest.Canary)+6))
		return resp, nil
	})).RoundTrip(mwtest.CanaryRequest(t, "password="+mwtest.Canary))
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "token "+mwtest.Canary || resp.Header.Get("X-Auth-Token") != mwtest.Canary {
		t.Error("the caller of a recording gets less than there is")
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mwtest.CheckCanary(t, string(text), "> POST http://***@example.com/path?token=***&q=***&***&page=***", "> X-Open: seen", "< X-Seen: open", "< HTTP/1.1 200 OK",
		"> Authorization: ***", "< Set-Cookie: sid=***; Path=/; HttpOnly", "| token ***", "< Content-Length: 9")
	play := open(t, path, cassette.Config{Redaction: redaction})
	if got := send(t, play.Wrap(nil), "POST", "http://example.com/path?token=fake&q="+mwtest.Canary+"&"+mwtest.Canary+"&page=2", "password=***"); got != "200 OK token ***" {
		t.Errorf("replayed without the secrets: got %q", got)
	}
	_, err = play.Wrap(nil).RoundTrip(mwtest.CanaryRequest(t, "other"))
	mwtest.CheckCanary(t, fmt.Sprint(err), "cassette: no answer to POST")
}

// A redirect whose target was hidden is still found.
func TestRedirect(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.txt")
	rec := open(t, path, cassette.Config{Mode: cassette.Record})
	server := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/" {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/next?a=1&b=2"}}, Body: http.NoBody}, nil
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(req.URL.RawQuery))}, nil
	})
	for _, client := range []*http.Client{{Transport: rec.Wrap(server)}, nil} {
		if client == nil {
			if err := rec.Close(); err != nil {
				t.Fatal(err)
			}
			client = &http.Client{Transport: open(t, path, cassette.Config{}).Wrap(nil)}
		}
		resp, err := client.Get("http://example.com/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "a=1&b=2" {
			t.Errorf("got %q", body)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := cassette.Open(filepath.Join(dir, "none"), cassette.Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
	rec := open(t, filepath.Join(dir, "no", "dir"), cassette.Config{Mode: cassette.Record, MaxBody: 5})
	if err := rec.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: got %v", err)
	}
	count := 0
	closed := 0
	echo := echoServer(&count)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com/", nil)
	req.Body = mwtest.CountClose(strings.NewReader("123456"), &closed)
	if _, err := rec.Wrap(echo).RoundTrip(req); !errors.Is(err, errors.ErrBodyTooLarge) || closed != 1 || count != 0 {
		t.Errorf("a large request: got %v, closed %v times, sent %v", err, closed, count)
	}
	if got := send(t, rec.Wrap(echo), "GET", "http://example.com/", ""); got != "body too large: more than 5 bytes" {
		t.Errorf("a large response: got %v", got)
	}
	failing := rec.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) { return nil, errOrigin }))
	if got := send(t, failing, "GET", "http://example.com/", ""); got != "origin is down" {
		t.Errorf("a failure: got %v", got)
	}
	breaking := rec.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader("abc"), failingReader{}))}, nil
	}))
	req, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	resp, err := breaking.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); string(body) != "abc" || !errors.Is(err, errOrigin) {
		t.Errorf("a body that breaks: got %q, %v", body, err)
	}
	if rec.Unused() != 0 {
		t.Error("a failure was recorded")
	}
	type connection struct{ io.ReadWriteCloser }
	resp, err = rec.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Body: connection{}}, nil
	})).RoundTrip(req)
	if _, ok := resp.Body.(connection); !ok || err != nil {
		t.Errorf("a 101: got %T, %v", resp.Body, err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.txt")
	os.WriteFile(path, []byte("# aiolos cassette 1\n"), 0o600)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/", nil)
	if _, err := open(t, path, cassette.Config{}).Wrap(nil).RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	req = req.Clone(t.Context())
	_, err := open(t, path, cassette.Config{}).Wrap(nil).RoundTrip(req)
	miss, ok := errors.AsType[*cassette.MissError](err)
	if !ok || miss.URL != "http://example.com/" || !errors.Is(err, errors.ErrInvalidRequest) || !errors.Is(err, errors.ErrClient) {
		t.Errorf("a miss: got %v", err)
	}
}

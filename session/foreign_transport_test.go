package session_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestForeignTransport: what only a Connector can keep is refused before anything
// is sent, and what a request says itself is not.
func TestForeignTransport(t *testing.T) {
	t.Parallel()
	s, seen := hopping(t, session.Config{}, nil)
	if s.BaseURL() != nil {
		t.Errorf("got the base %v", s.BaseURL())
	}
	for name, o := range map[string]session.Option{
		"TLS": session.TLS(&tls.Config{MinVersion: tls.VersionTLS13}), "Insecure": session.Insecure(), "ServerName": session.ServerName("x"),
		"Fingerprint": session.Fingerprint(make([]byte, 32)), "Proxy": session.Proxy("http://p/"), "no Proxy": session.Proxy(""),
		"MaxLineSize": session.MaxLineSize(1), "MaxFieldSize": session.MaxFieldSize(1), "MaxHeaders": session.MaxHeaders(1),
		"RawHeaders": session.RawHeaders(), "Version": session.Version(1, 0), "ReadUntilEOF": session.ReadUntilEOF(false), "StaleRetry": session.StaleRetry(false),
		"SockRead": session.Timeouts(session.ClientTimeout{SockRead: time.Second}),
	} {
		if _, err := s.Get(t.Context(), "http://h.example/", o); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := len(*seen); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if _, err := session.New(session.Config{Transport: http.DefaultTransport, TrustEnv: true}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("TrustEnv: got %v", err)
	}
	resp, err := s.Request(t.Context(), "", "http://h.example/", session.Text("x"), session.Chunked(), session.Expect100(),
		session.Timeout(time.Minute), session.ReadUntilEOF(true))
	readBody(t, resp, err)
	if sent := (*seen)[0]; sent.Method != "GET" || sent.ContentLength != -1 || sent.Header.Get("Expect") != "100-continue" {
		t.Errorf("sent %s, length %d, %v", sent.Method, sent.ContentLength, sent.Header)
	}
	if resp.Timing() != (session.Timing{}) || !resp.Connection().Created.IsZero() || resp.RawHeaders() != nil {
		t.Error("it tells of a connection that it does not know")
	}
}

// TestHopsCanBeAsked: a response of the history answers like any other.
func TestHopsCanBeAsked(t *testing.T) {
	t.Parallel()
	s, _ := hopping(t, session.Config{}, map[string]string{"/": "302 /end"})
	resp, err := s.Get(t.Context(), "http://h.example/")
	readBody(t, resp, err)
	hop := resp.History()[0]
	if hop.Timing() != (session.Timing{}) || !hop.Connection().Created.IsZero() || !hop.OK() || hop.Reason() != "Found" || len(hop.Links()) != 0 {
		t.Errorf("got %+v", hop)
	}
	var v any
	if err := hop.JSON(&v); !errors.Is(err, errors.ErrClientPayload) {
		t.Errorf("JSON of nothing: got %v", err)
	}
	if piece, err := hop.Content().ReadAny(); err != nil && err != io.EOF || len(piece) != 0 {
		t.Errorf("got %q, %v", piece, err)
	}
}

// TestPlainJar: any http.CookieJar is given what a response sets.
func TestPlainJar(t *testing.T) {
	t.Parallel()
	plain, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := record(t, func(w http.ResponseWriter, _ *http.Request) { http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"}) })
	s := newSession(t, session.Config{Jar: plain})
	for _, want := range []string{"", "a=1"} {
		resp, err := s.Get(t.Context(), rec.URL)
		readBody(t, resp, err)
		if got := rec.last(t).header.Get("Cookie"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// pretender says that it can seek.
type pretender struct {
	io.Reader
	fails int // the call of Seek that fails
}

func (p *pretender) Seek(int64, int) (int64, error) {
	if p.fails--; p.fails == 0 {
		return 0, errors.New("cannot")
	}
	return 0, nil
}

// TestBodyKinds: readers that have nothing, and that cannot do what they say.
func TestBodyKinds(t *testing.T) {
	t.Parallel()
	rec := record(t, framed)
	s := newSession(t, session.Config{})
	name := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	spent := strings.NewReader("x")
	if _, err := io.Copy(io.Discard, spent); err != nil {
		t.Fatal(err)
	}
	for kind, test := range map[string]struct {
		r       io.Reader
		framing string // "": refused
		body    string
	}{
		"empty file":           {openFile(t, name), withLength, ""},
		"spent reader":         {spent, withLength, ""},
		"empty seeker":         {struct{ io.ReadSeeker }{spent}, withLength, ""},
		"cannot seek at all":   {&pretender{strings.NewReader("text"), 1}, inChunks, "text"},
		"cannot find its end":  {&pretender{strings.NewReader("text"), 2}, "", ""},
		"cannot come back":     {&pretender{strings.NewReader("text"), 3}, "", ""},
		"a reader of its own":  {iotest.OneByteReader(strings.NewReader("text")), inChunks, "text"},
		"limited, with length": {io.LimitReader(strings.NewReader("text"), 2), inChunks, "te"},
	} {
		resp, err := s.Post(t.Context(), rec.URL, session.Body(test.r))
		if test.framing == "" {
			if !errors.Is(err, errors.ErrInvalidRequest) {
				t.Errorf("%s: got %v", kind, err)
			}
			continue
		}
		if got := readBody(t, resp, err); got != test.framing || rec.last(t).body != test.body {
			t.Errorf("%s: got %q, %s", kind, rec.last(t).body, got)
		}
	}
	// A file whose position is not to be had, such as a pipe's, is a stream.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		io.WriteString(w, "from a pipe")
		w.Close()
	}()
	resp, err := s.Post(t.Context(), rec.URL, session.Body(r))
	if got := readBody(t, resp, err); got != inChunks || rec.last(t).body != "from a pipe" {
		t.Errorf("a pipe: got %q, %s", rec.last(t).body, got)
	}
	if _, err := r.Stat(); err != nil {
		t.Errorf("the pipe was closed: %v", err)
	}
}

// TestConfigCodecs: those of the configuration come before those of its options.
func TestConfigCodecs(t *testing.T) {
	t.Parallel()
	rec := coded(t, "x-rev", "olleh")
	backwards := session.Codec{Name: "x-rev", NewReader: func(src io.Reader) (io.ReadCloser, error) {
		data, err := io.ReadAll(src)
		slices.Reverse(data)
		return io.NopCloser(bytes.NewReader(data)), err
	}}
	s := newSession(t, session.Config{Codecs: []session.Codec{backwards}, Options: opt(session.Header("X-A", "1"))})
	resp, err := s.Get(t.Context(), rec.URL)
	if got := readBody(t, resp, err); got != "hello" || rec.last(t).header.Get("X-A") != "1" {
		t.Errorf("got %q", got)
	}
	if _, err := session.New(session.Config{Codecs: []session.Codec{{}}}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("a bad codec: got %v", err)
	}
}

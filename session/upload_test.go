package session_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// closer is a body that says when it was closed.
type closer struct {
	io.Reader
	once sync.Once
	done chan struct{}
}

func newCloser(r io.Reader) *closer { return &closer{Reader: r, done: make(chan struct{})} }

func (c *closer) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}

// seekCloser is a closer that can be sent again.
type seekCloser struct {
	*closer
	io.Seeker
}

// wait is how the test waits for what another goroutine does.
func wait(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Error(what)
	}
}

// uploads is a server that ends an upload in the way that its path says.
func uploads(t *testing.T) *wiretest.Server {
	t.Helper()
	return wiretest.New(t, func(c *wiretest.Conn) {
		for {
			head, ok := c.ReadHead()
			if !ok {
				return
			}
			switch {
			case strings.Contains(head, " /cut "):
				c.ReadBody(1) // the body has begun
				return
			case strings.Contains(head, " /early "):
				c.ReadBody(1)
				c.Write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
				c.Stall()
				return
			case strings.Contains(head, " /hang "):
				c.Stall()
				return
			}
			switch {
			case strings.Contains(head, "chunked"):
				c.ReadChunked()
			case strings.Contains(head, "Content-Length: 4"):
				c.ReadBody(4)
			}
			answer := okResponse
			for path, other := range map[string]string{
				"/see": "303 See Other\r\nLocation: /ok", "/loop": "302 Found\r\nLocation: /loop",
				"/ftp": "307 Temporary Redirect\r\nLocation: ftp://h/", "/again": "307 Temporary Redirect\r\nLocation: /ok",
				"/status": "400 Bad Request",
			} {
				if strings.Contains(head, " "+path+" ") {
					answer = "HTTP/1.1 " + other + "\r\nContent-Length: 0\r\n\r\n"
				}
			}
			c.Write(answer)
		}
	})
}

// TestBodyIsClosed: a body that can be closed is, however the request ends, even
// if it never begins.
func TestBodyIsClosed(t *testing.T) {
	t.Parallel()
	srv := uploads(t)
	s := newSession(t, session.Config{})
	ended := newSession(t, session.Config{})
	ended.Close()
	for name, test := range map[string]struct {
		s      *session.Session
		method string
		url    string
		opts   []session.Option
		fails  bool
	}{
		"answered":               {s, "POST", srv.URL() + "/ok", nil, false},
		"answered with a status": {s, "POST", srv.URL() + "/status", opt(session.CheckStatus()), true},
		"answered early":         {s, "POST", srv.URL() + "/early", nil, false},
		"cut off":                {s, "POST", srv.URL() + "/cut", nil, true},
		"timeout":                {s, "POST", srv.URL() + "/hang", opt(session.Timeout(30 * time.Millisecond)), true},
		"turned into GET":        {s, "POST", srv.URL() + "/see", nil, false},
		"too many redirects":     {s, "PUT", srv.URL() + "/loop", opt(session.Redirects(0)), true},
		"redirect to ftp":        {s, "POST", srv.URL() + "/ftp", nil, true},
		"nobody there":           {s, "POST", "http://127.0.0.1:1/", nil, true},
		"bad URL":                {s, "POST", "http://h%zz/", nil, true},
		"relative URL":           {s, "POST", "/x", nil, true},
		"bad method":             {s, "PO ST", srv.URL(), nil, true},
		"bad option":             {s, "POST", srv.URL(), opt(session.Header("a b", "c")), true},
		"bad option later":       {s, "POST", srv.URL(), opt(session.Join(session.Redirects(-1), session.Header("a", "\n"))), true},
		"credentials twice":      {s, "POST", "http://u:p@h/", opt(session.Bearer("t")), true},
		"closed session":         {ended, "POST", srv.URL(), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.NewReader("body")
			for kind, body := range map[string]*closer{"stream": newCloser(io.MultiReader(text)), "seeker": newCloser(strings.NewReader("body"))} {
				var r io.Reader = body
				if seeker, ok := body.Reader.(io.Seeker); ok {
					r = seekCloser{body, seeker}
				}
				// In front of the other options and behind them.
				opts := append(opt(session.Body(r)), test.opts...)
				if kind == "seeker" {
					opts = append(append(opt(), test.opts...), session.Body(r))
				}
				resp, err := test.s.Request(t.Context(), test.method, test.url, opts...)
				if (err != nil) != test.fails {
					t.Errorf("%s: got %v", kind, err)
				}
				if err == nil {
					resp.Close()
				}
				wait(t, body.done, kind+": the body was not closed")
			}
		})
	}
}

// TestBodyIsClosedOnCancel: and when the caller gives up.
func TestBodyIsClosedOnCancel(t *testing.T) {
	t.Parallel()
	srv := uploads(t)
	s := newSession(t, session.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	body := newCloser(readFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "more"), nil
	}))
	if _, err := s.Post(ctx, srv.URL()+"/hang", session.Body(body)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wait(t, body.done, "the body was not closed")
}

// TestStreamEnds: the iterator of a Stream runs its deferred functions when the
// request is over, and never begins for one that cannot be sent.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	srv := uploads(t)
	s := newSession(t, session.Config{})
	for _, path := range []string{"/ok", "/cut", "/early"} {
		done := make(chan struct{})
		resp, err := s.Post(t.Context(), srv.URL()+path, session.Stream(func(yield func([]byte, error) bool) {
			defer close(done)
			for range 100 {
				if !yield(make([]byte, 1000), nil) {
					return
				}
			}
		}))
		if err == nil {
			resp.Close()
		}
		wait(t, done, path+": the iterator did not end")
	}
	never := session.Stream(func(func([]byte, error) bool) { t.Error("the iterator has begun") })
	if _, err := s.Post(t.Context(), "http://h%zz/", never); !errors.Is(err, errors.ErrInvalidURL) {
		t.Errorf("got %v", err)
	}
	resp, err := s.Post(t.Context(), srv.URL(), never, session.Bytes([]byte("body")))
	readBody(t, resp, err)
}

// TestFileAgain: a file is sent from where it stood, on each hop of a chain, and
// stays open.
func TestFileAgain(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/one":
			http.Redirect(w, r, "/two", http.StatusTemporaryRedirect)
		case "/two":
			http.Redirect(w, r, "/three", http.StatusFound)
		}
	})
	name := filepath.Join(t.TempDir(), "upload.csv")
	if err := os.WriteFile(name, []byte("head,rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := openFile(t, name)
	if _, err := file.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{})
	resp, err := s.Put(t.Context(), rec.URL+"/one", session.Body(file))
	readBody(t, resp, err)
	if n := rec.count(); n != 3 {
		t.Fatalf("%d requests, want 3", n)
	}
	for i, h := range rec.hops {
		if h.method != "PUT" || h.body != "rest" || h.header.Get("Content-Length") != "4" || !strings.HasPrefix(h.header.Get("Content-Type"), "text/csv") {
			t.Errorf("hop %d: got %s %q with %v", i, h.method, h.body, h.header)
		}
	}
	if _, err := file.Stat(); err != nil {
		t.Errorf("the file was closed: %v", err)
	}
}

// TestFileShrinks: a file that is shorter than it was is an error, and not a
// request that never ends.
func TestFileShrinks(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	s := newSession(t, session.Config{})
	name := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(name, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := openFile(t, name)
	body := session.Body(file)
	if err := os.Truncate(name, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Post(t.Context(), srv.URL(), body); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v", err)
	}
	file.Close()
	if _, err := s.Post(t.Context(), srv.URL(), body); !errors.Is(err, errors.ErrInvalidRequest) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v", err)
	}
}

// TestPipe: what is written into a pipe is sent as it comes, and the error that
// ends the pipe is the request's.
func TestPipe(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, "piece by ")
		io.WriteString(w, "piece")
		w.Close()
	}()
	resp, err := s.Post(t.Context(), rec.URL, session.Body(r))
	readBody(t, resp, err)
	if got := rec.last(t); got.body != "piece by piece" || got.header.Get("Content-Length") != "" {
		t.Errorf("got %q with %v", got.body, got.header)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the pipe is open: %v", err)
	}
	srv := uploads(t)
	mine := errors.New("mine")
	r, w = io.Pipe()
	go func() {
		io.WriteString(w, "piece")
		w.CloseWithError(mine)
	}()
	if _, err := s.Post(t.Context(), srv.URL()+"/ok", session.Body(r)); !errors.Is(err, mine) || !errors.Is(err, errors.ErrClientOS) {
		t.Errorf("got %v", err)
	}
	resp, err = s.Get(t.Context(), srv.URL()+"/ok")
	if got := readBody(t, resp, err); got != "ok" {
		t.Errorf("the next request: got %q", got)
	}
}

// TestAnotherAnswer: the body of a response is sent on, and both connections are
// free afterwards.
func TestAnotherAnswer(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("stream me on ", 20_000)
	from := record(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	to := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	})
	s := newSession(t, session.Config{})
	for name, body := range map[string]func(*session.Response) io.Reader{
		"Body": func(r *session.Response) io.Reader { return r.Body }, "Content": func(r *session.Response) io.Reader { return r.Content() },
	} {
		for _, path := range []string{"/", "/again"} {
			source, err := s.Get(t.Context(), from.URL)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Post(t.Context(), to.URL+path, session.Body(body(source)))
			if path == "/again" {
				if !errors.Is(err, errors.ErrBodyNotReplayable) {
					t.Errorf("%s, again: got %v", name, err)
				}
			} else {
				readBody(t, resp, err)
			}
			if got := to.last(t).body; got != text {
				t.Errorf("%s: %d bytes arrived, want %d", name, len(got), len(text))
			}
			eventuallyFree(t, s.Connector())
		}
	}
}

// TestOwnBoundary: a header of the caller's and the body agree, or nothing is
// sent. (aiohttp: FormData with a Content-Type header)
func TestOwnBoundary(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	data := form.New().Boundary("mine").Field("a", "1").Bytes("b", []byte("2"))
	mixed := form.NewMultipart("mixed").Boundary("mine").Text("1")
	for name, test := range map[string]struct {
		body     session.Option
		header   string
		boundary string // "": refused
	}{
		"another":          {session.FormData(data), `multipart/form-data; boundary="an other"`, "an other"},
		"the same":         {session.FormData(data), "multipart/form-data; boundary=mine; x=y", "mine"},
		"none":             {session.FormData(data), "multipart/form-data", ""},
		"impossible":       {session.FormData(data), `multipart/form-data; boundary="a "`, ""},
		"mixed, the same":  {session.Multipart(mixed), "multipart/alternative; boundary=mine", "mine"},
		"mixed, another":   {session.Multipart(mixed), "multipart/mixed; boundary=other", ""},
		"of no multipart":  {session.FormData(data), "application/octet-stream", "mine"},
		"plain form, text": {session.FormData(form.New().Field("a", "1")), "text/plain", "none"},
	} {
		before := rec.count()
		resp, err := s.Post(t.Context(), rec.URL, session.Header("Content-Type", test.header), test.body)
		if test.boundary == "" {
			if !errors.Is(err, errors.ErrInvalidRequest) || rec.count() != before {
				t.Errorf("%s: got %v", name, err)
			}
			continue
		}
		readBody(t, resp, err)
		got := rec.last(t)
		if got.header.Get("Content-Type") != test.header || strings.HasPrefix(got.body, "--"+test.boundary+"\r\n") != (test.boundary != "none") {
			t.Errorf("%s: got %q as %q", name, got.body, got.header.Get("Content-Type"))
		}
	}
}

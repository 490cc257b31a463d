package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		status       int
		header       http.Header
		body         string
		want         string // status, Content-Length, ContentLength, body
	}{
		{"plain", "GET", 200, nil, "hello", "200 OK [5] 5 hello"},
		{"empty", "GET", 404, http.Header{"X-A": {"1"}}, "", "404 Not Found [0] 0 "},
		{"HEAD", "HEAD", 200, nil, "hello", "200 OK [5] 5 "},
		{"no content", "GET", 204, nil, "hello", "204 No Content [] 0 "},
		{"not modified", "GET", 304, nil, "hello", "304 Not Modified [] 0 "},
		{"a length of its own", "GET", 200, http.Header{"content-length": {"5"}}, "hello", "200 OK [] 5 hello"},
		{"an unknown status", "GET", 799, nil, "x", "799  [1] 1 x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := middleware.Answer(tt.status, tt.header, tt.body)
			for range 2 { // the answer is anew each time
				closed := 0
				req := newRequest(t, tt.method, "http://h/", nil)
				req.Body = mwtest.CountClose(strings.NewReader("x"), &closed)
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				got := fmt.Sprint(resp.Status, " ", resp.Header["Content-Length"], " ", resp.ContentLength, " ", string(body))
				if got != tt.want || closed != 1 || resp.Request != req || resp.ProtoMajor != 1 {
					t.Errorf("got %q, closed %d, want %q", got, closed, tt.want)
				}
				resp.Header.Set("X-A", "changed")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := middleware.Answer(200, nil, "").RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %v", err)
	}
}

// handlerMux has a path for each way in which a handler can answer.
func handlerMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		fmt.Fprint(w, req.Method, " ", req.Host, " ", req.URL.RequestURI(), " ", string(body), " ", err, " ", req.TLS != nil, " ", req.RemoteAddr, " ", req.Header["Connection"])
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, strings.Repeat("x", 10_000))
		w.Header().Set("X-Sum", "42")
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "late")
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "four")
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/dead", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, req *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+req.Header.Get("Upgrade")+"\r\n\r\n")
		line, _ := buf.ReadString('\n')
		fmt.Fprint(conn, "got "+line)
	})
	return mux
}

func TestHandler(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: middleware.Handler(handlerMux())}
	for _, tt := range []struct{ method, url, body, want string }{
		{"GET", "http://h.example/echo?q=1", "", "200 GET h.example /echo?q=1  <nil> false 192.0.2.1:1234 [] <nil>"},
		{"POST", "https://h.example:8443/echo", "data", "200 POST h.example:8443 /echo data <nil> true 192.0.2.1:1234 [] <nil>"},
		{"HEAD", "http://h/echo", "", "200  <nil>"},
		{"GET", "http://h/cut", "", "200 four unexpected EOF"},
		{"GET", "http://h/early", "", "200 late <nil>"},
		{"GET", "http://h/unknown", "", "404 404 page not found\n <nil>"},
	} {
		resp, err := client.Do(newRequest(t, tt.method, tt.url, onceBody(tt.body)))
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprint(resp.StatusCode, " ", string(body), " ", err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.url, got, tt.want)
		}
	}
	if _, err := client.Do(newRequest(t, "GET", "http://h/dead", nil)); !errors.Is(err, io.EOF) {
		t.Errorf("a panic: got %v", err)
	}
}

// TestHandlerWire: what only a wire has comes over it.
func TestHandlerWire(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: middleware.Handler(handlerMux())}
	hints := ""
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = fmt.Sprint(code, h.Get("Link"))
		return nil
	}})
	resp, err := client.Do(newRequest(t, "GET", "http://h/early", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if hints != "103</a>" {
		t.Errorf("got %q", hints)
	}

	if resp, err = client.Do(newRequest(t, "GET", "http://h/trailer", nil)); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if n != 10_000 || err != nil || resp.Trailer.Get("X-Sum") != "42" || len(resp.TransferEncoding) != 1 || resp.Close {
		t.Errorf("got %d bytes, %v, %+v", n, err, resp)
	}

	req := newRequest(t, "GET", "http://h/upgrade", nil)
	req.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	if resp, err = client.Do(req); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %T", resp.Status, resp.Body)
	}
	fmt.Fprint(conn, "hello\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "got hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// TestHandlerEnds: the handler's context ends with the request, in a bubble too, and
// nothing is left.
func TestHandlerEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.Handler(handlerMux())
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, err := rt.RoundTrip(newRequest(t, "GET", "http://h/slow", nil).WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// TestHandlerUploadEnds: the end of a request's context ends its RoundTrip, whatever its
// body is doing, and the body is closed once.
func TestHandlerUploadEnds(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/read", func(_ http.ResponseWriter, req *http.Request) { io.Copy(io.Discard, req.Body) })
	mux.HandleFunc("/wait", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	for _, path := range []string{"/read", "/wait"} {
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			body := &stuckBody{stop: stop}
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, io.ErrNoProgress)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://h"+path, body)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = middleware.Handler(mux).RoundTrip(req)
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, io.ErrNoProgress) || time.Since(start) != time.Hour {
				t.Errorf("%s: got %v after %v", path, err, time.Since(start))
			}
			close(stop) // its Read returns at last
			synctest.Wait()
			if n := body.closed.Load(); n != 1 {
				t.Errorf("%s: the body was closed %d times", path, n)
			}
			time.Sleep(time.Second) // net/http's server lingers before it closes what was not read
		})
	}
}

// stuckBody is a body whose Read does not return before stop is closed, not even for
// Close.
type stuckBody struct {
	stop   chan struct{}
	closed atomic.Int32
}

func (b *stuckBody) Read([]byte) (int, error) {
	<-b.stop
	return 0, io.EOF
}

func (b *stuckBody) Close() error {
	b.closed.Add(1)
	return nil
}

func ExampleAnswer() {
	client := &http.Client{Transport: middleware.Answer(503, http.Header{"Retry-After": {"30"}}, "busy")}
	resp, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, resp.Header.Get("Retry-After"), string(body))
	// Output: 503 Service Unavailable 30 busy
}

func ExampleHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, req *http.Request) { fmt.Fprintf(w, `{"id": %q}`, req.PathValue("id")) })
	client := &http.Client{Transport: middleware.Handler(mux)}
	resp, err := client.Get("https://api.example/things/7")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body))
	// Output: 200 OK {"id": "7"}
}

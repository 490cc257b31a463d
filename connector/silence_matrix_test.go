package connector_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// onceBody counts how often it is closed.
type onceBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *onceBody) Close() error { b.closed.Add(1); return nil }

// silentAt is where a server falls silent.
type silentAt int

const (
	beforeHead silentAt = iota
	inHead
	inBody
)

// silentServer reads a whole request, and then says no more than the point allows.
func silentServer(t *testing.T, transport string, at silentAt) (url string, c *connector.Connector) {
	t.Helper()
	n := memnet.New()
	port := map[string]string{"http": "h:80"}[transport]
	if port == "" {
		port = "h:443"
	}
	ln, err := n.Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	leaf := certs.For(t, certs.Options{Names: []string{"h"}, Now: time.Now()})
	cfg := connector.Config{TLS: leaf.Client(), DialContext: n.DialContext}
	script := func(w *wiretest.Conn) {
		head, _ := w.ReadHead()
		if strings.Contains(head, "chunked") {
			w.ReadChunked()
		} else if _, after, ok := strings.Cut(head, "Content-Length: "); ok {
			var size int
			fmt.Sscan(after, &size)
			w.ReadBody(size)
		}
		w.Write([]string{"", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}[at])
		w.Stall()
	}
	switch transport {
	case "http":
		wiretest.NewOn(t, ln, script)
		return "http://h", newConnector(t, cfg)
	case "https":
		wiretest.NewTLSOn(t, ln, leaf.Server(), script)
		return "https://h", newConnector(t, cfg)
	}
	server := leaf.Server()
	server.NextProtos = []string{"h2"}
	wiretest.NewTLSOn(t, ln, server, func(w *wiretest.Conn) {
		if preface, ok := w.ReadBody(len(http2.ClientPreface)); !ok || preface != http2.ClientPreface {
			return
		}
		f := newFrames(w)
		f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 24})
		f.WriteWindowUpdate(0, 1<<24)
		id := f.request()
		f.whole()
		if at == inBody {
			f.head(id, 200, false)
			f.WriteData(id, false, []byte("ab"))
		}
		for f.next() != nil {
		}
	})
	return "https://h", newConnector(t, cfg)
}

// TestSilenceMatrix: sock_read strikes exactly, whatever carries the request, whatever its
// body, and wherever the server falls silent; the body is closed once.
func TestSilenceMatrix(t *testing.T) {
	t.Parallel()
	const sockRead = 300 * time.Millisecond
	large := strings.Repeat("x", 100<<10)
	bodies := map[string]func() io.Reader{
		"none":   func() io.Reader { return nil },
		"small":  func() io.Reader { return strings.NewReader("small") },
		"large":  func() io.Reader { return strings.NewReader(large) },
		"stream": func() io.Reader { return &onceBody{Reader: strings.NewReader(large)} },
	}
	for _, transport := range []string{"http", "https", "https, HTTP/2"} {
		for kind, body := range bodies {
			for _, at := range []silentAt{beforeHead, inHead, inBody} {
				if transport == "https, HTTP/2" && at == inHead {
					continue // a frame is whole, or is not there
				}
				t.Run(fmt.Sprintf("%s/%s/%d", transport, kind, at), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						url, c := silentServer(t, transport, at)
						r := body()
						ctx := connector.WithSettings(t.Context(), connector.Settings{Timeout: connector.ClientTimeout{SockRead: sockRead, Total: time.Minute}})
						var req *http.Request
						if r == nil {
							req = newRequest(t, ctx, "GET", url, nil)
						} else {
							req = newRequest(t, ctx, "POST", url, r)
						}
						start := time.Now()
						phase := errors.PhaseResponse
						resp, err := c.RoundTrip(req)
						if err == nil {
							phase = errors.PhaseBody
							start = time.Now()
							_, err = io.ReadAll(resp.Body)
							resp.Body.Close()
						}
						te, ok := errors.AsType[*errors.TimeoutError](err)
						if !ok || !errors.Is(err, errors.ErrSocketTimeout) || te.Phase != phase || (at == inBody) != (phase == errors.PhaseBody) {
							t.Errorf("got %v", err)
						}
						if d := time.Since(start); d < sockRead || d > sockRead+time.Microsecond {
							t.Errorf("it struck after %v", d)
						}
						synctest.Wait()
						if b, ok := r.(*onceBody); ok && b.closed.Load() != 1 {
							t.Errorf("the body was closed %d times", b.closed.Load())
						}
					})
				})
			}
		}
	}
}

// TestFailingBodyClass: an error of the request's own body has its class, on every transport,
// and the body is closed once.
func TestFailingBodyClass(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	for _, transport := range []string{"http", "https", "https, HTTP/2"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				url, c := silentServer(t, transport, beforeHead)
				b := &onceBody{Reader: io.MultiReader(strings.NewReader("some"), failingReader{mine})}
				_, err := c.RoundTrip(newRequest(t, t.Context(), "POST", url, b))
				if !errors.Is(err, mine) || !errors.Is(err, errors.ErrClientOS) {
					t.Errorf("got %v", err)
				}
				synctest.Wait()
				if n := b.closed.Load(); n != 1 {
					t.Errorf("closed %d times", n)
				}
			})
		})
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// TestWrongLength: a body of another length than was said is never a complete request, and
// the error is the body's; one whose length can be seen is refused before anything is sent.
func TestWrongLength(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"http", "https", "https, HTTP/2"} {
		for _, size := range []int{400, 799, 801, 1200} {
			t.Run(fmt.Sprint(transport, size), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					url, c := lengthServer(t, transport)
					b := &onceBody{Reader: strings.NewReader(strings.Repeat("x", size))}
					req := newRequest(t, t.Context(), "POST", url, b)
					req.ContentLength = 800
					resp, err := c.RoundTrip(req)
					if err == nil {
						t.Fatalf("the server has answered %s", resp.Status)
					}
					if !errors.Is(err, errors.ErrClientOS) || errors.Is(err, errors.ErrInvalidRequest) || strings.Contains(err.Error(), "nothing") {
						t.Errorf("got %v", err)
					}
					req = newRequest(t, t.Context(), "POST", url, strings.NewReader(strings.Repeat("x", size)))
					req.ContentLength = 800
					before := c.Stats().Opened
					if _, err := c.RoundTrip(req); !errors.Is(err, errors.ErrInvalidRequest) || c.Stats().Opened != before {
						t.Errorf("in memory: got %v", err)
					}
					synctest.Wait()
					if n := b.closed.Load(); n != 1 {
						t.Errorf("closed %d times", n)
					}
				})
			})
		}
	}
}

// lengthServer answers whole requests.
func lengthServer(t *testing.T, transport string) (url string, c *connector.Connector) {
	t.Helper()
	if transport == "https, HTTP/2" {
		_, c, _ := h2Memory(t, connector.Config{}, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				io.WriteString(w, "complete")
			}
		})
		return "https://host", c
	}
	n := memnet.New()
	port := map[string]string{"http": "h:80", "https": "h:443"}[transport]
	ln, err := n.Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	leaf := certs.For(t, certs.Options{Names: []string{"h"}, Now: time.Now()})
	script := func(w *wiretest.Conn) {
		w.ReadHead()
		if _, ok := w.ReadBody(800); ok {
			w.Write(okResponse)
		}
		w.Stall()
	}
	if transport == "https" {
		wiretest.NewTLSOn(t, ln, leaf.Server(), script)
	} else {
		wiretest.NewOn(t, ln, script)
	}
	return transport + "://h", newConnector(t, connector.Config{TLS: leaf.Client(), DialContext: n.DialContext})
}

// TestSilentPipe: the request's body is a pipe that nobody writes to, the server has answered
// early and fallen silent. Whatever ends the exchange wakes who reads.
func TestSilentPipe(t *testing.T) {
	t.Parallel()
	ends := map[string]struct {
		settings connector.Settings
		end      func(cancel func(), c *connector.Connector, body io.Closer)
		class    error
	}{
		"total":     {settings: connector.Settings{Timeout: connector.ClientTimeout{Total: time.Second}}, class: errors.ErrTotalTimeout},
		"sock_read": {settings: connector.Settings{Timeout: connector.ClientTimeout{SockRead: time.Second}}, class: errors.ErrSocketTimeout},
		"context":   {end: func(cancel func(), _ *connector.Connector, _ io.Closer) { cancel() }, class: context.Canceled},
		"connector": {end: func(_ func(), c *connector.Connector, _ io.Closer) { c.Close() }, class: errors.ErrConnectorClosed},
		"body":      {end: func(_ func(), _ *connector.Connector, b io.Closer) { b.Close() }, class: errors.ErrConnectionClosed},
	}
	for _, transport := range []string{"http", "https", "https, HTTP/2"} {
		for name, tt := range ends {
			t.Run(transport+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					url, c := earlyServer(t, transport)
					ctx, cancel := context.WithCancel(connector.WithSettings(t.Context(), tt.settings))
					defer cancel()
					pr, pw := io.Pipe()
					defer pw.Close()
					resp, err := c.RoundTrip(newRequest(t, ctx, "POST", url, pr))
					if err != nil {
						t.Fatal(err)
					}
					got := make(chan error, 1)
					start := time.Now()
					go func() { _, err := io.ReadAll(resp.Body); got <- err }()
					time.Sleep(100 * time.Millisecond)
					if tt.end != nil {
						tt.end(cancel, c, resp.Body)
					}
					if err := <-got; !errors.Is(err, tt.class) {
						t.Errorf("got %v", err)
					}
					want := time.Second
					if tt.end != nil {
						want = 100 * time.Millisecond
					}
					if d := time.Since(start); d < want || d > want+time.Microsecond {
						t.Errorf("it took %v", d)
					}
					resp.Body.Close()
					synctest.Wait()
					if st := c.Stats(); st.InUse != 0 || st.Unread != 0 {
						t.Errorf("%+v", st)
					}
				})
			})
		}
	}
}

// earlyServer answers before it has the request's body, in part.
func earlyServer(t *testing.T, transport string) (url string, c *connector.Connector) {
	t.Helper()
	if transport == "https, HTTP/2" {
		_, c, _ := h2Memory(t, connector.Config{}, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "ab")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		return "https://host", c
	}
	n := memnet.New()
	ln, err := n.Listen(map[string]string{"http": "h:80", "https": "h:443"}[transport])
	if err != nil {
		t.Fatal(err)
	}
	leaf := certs.For(t, certs.Options{Names: []string{"h"}, Now: time.Now()})
	script := func(w *wiretest.Conn) {
		w.ReadHead()
		w.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
		w.Stall()
	}
	if transport == "https" {
		wiretest.NewTLSOn(t, ln, leaf.Server(), script)
	} else {
		wiretest.NewOn(t, ln, script)
	}
	return transport + "://h", newConnector(t, connector.Config{TLS: leaf.Client(), DialContext: n.DialContext})
}

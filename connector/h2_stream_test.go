package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// slow sends a byte each second for as long as the path says, before the head, in
// the body, or after reading the request.
func slow(w http.ResponseWriter, r *http.Request) {
	d, _ := time.ParseDuration(r.URL.Query().Get("for"))
	switch r.URL.Path {
	case "/head":
		wait(r, d)
	case "/body":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		wait(r, d)
	case "/drip":
		for range d / time.Second {
			io.WriteString(w, ".")
			w.(http.Flusher).Flush()
			wait(r, time.Second)
		}
	case "/upload":
		io.Copy(io.Discard, r.Body)
	case "/early":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		io.Copy(w, r.Body)
		wait(r, d)
	}
	io.WriteString(w, "ok")
}

func wait(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

// trickle is a body that takes its time.
type trickle struct {
	n     int
	pause time.Duration
}

func (s *trickle) Read(p []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	s.n--
	time.Sleep(s.pause)
	p[0] = '.'
	return 1, nil
}

// The timeouts of one stream end it at the right moment and with the right error,
// and leave the connection and its other streams alone.
func TestH2StreamTimeouts(t *testing.T) {
	t.Parallel()
	type timeouts = connector.ClientTimeout
	cases := []struct {
		name, path string
		body       io.Reader
		timeout    timeouts
		after      time.Duration // when it fails, or 0
		want       error
		phase      errors.Phase
	}{
		{"total, head", "/head?for=1m", nil, timeouts{Total: 7 * time.Second}, 7 * time.Second, errors.ErrTotalTimeout, errors.PhaseResponse},
		{"total, body", "/body?for=1m", nil, timeouts{Total: 7 * time.Second}, 7 * time.Second, errors.ErrTotalTimeout, errors.PhaseBody},
		{"total, body that drips", "/drip?for=1m", nil, timeouts{Total: 7 * time.Second}, 7 * time.Second, errors.ErrTotalTimeout, errors.PhaseBody},
		{
			"total, upload", "/upload", &trickle{60, time.Second},
			timeouts{Total: 7 * time.Second},
			7 * time.Second, errors.ErrTotalTimeout, errors.PhaseRequest,
		},
		{"sock_read, head", "/head?for=1m", nil, timeouts{SockRead: 7 * time.Second}, 7 * time.Second, errors.ErrSocketTimeout, errors.PhaseResponse},
		{"sock_read, body", "/body?for=1m", nil, timeouts{SockRead: 7 * time.Second}, 7 * time.Second, errors.ErrSocketTimeout, errors.PhaseBody},
		{
			"both, total first", "/body?for=1m", nil,
			timeouts{Total: 5 * time.Second, SockRead: 7 * time.Second},
			5 * time.Second, errors.ErrTotalTimeout, errors.PhaseBody,
		},
		{"sock_read, body that drips", "/drip?for=1m", nil, timeouts{SockRead: 2 * time.Second}, 0, nil, ""},
		{"sock_read, upload", "/upload", &trickle{60, time.Second}, timeouts{SockRead: 2 * time.Second}, 0, nil, ""},
		{"sock_read, silence after the upload", "/head?for=1m", &trickle{3, time.Second}, timeouts{SockRead: 2 * time.Second}, 5 * time.Second, errors.ErrSocketTimeout, errors.PhaseResponse},
		{"none", "/head?for=1h", nil, timeouts{Total: -1, SockRead: -1}, 0, nil, ""},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c, _ := h2Memory(t, connector.Config{}, slow)
				sibling := make(chan result)
				go func() { sibling <- fetch(t.Context(), c, "GET", "https://host/drip?for=100s") }()
				time.Sleep(time.Second)
				ctx := connector.WithSettings(t.Context(), connector.Settings{Timeout: tt.timeout})
				start := time.Now()
				method := "GET"
				if tt.body != nil {
					method = "POST"
				}
				resp, err := c.RoundTrip(newRequest(t, ctx, method, "https://host"+tt.path, tt.body))
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if d := time.Since(start); tt.want != nil && d != tt.after {
					t.Errorf("it took %v, want %v", d, tt.after)
				}
				if te, ok := errors.AsType[*errors.TimeoutError](err); ok != (tt.want != nil) || ok && te.Phase != tt.phase {
					t.Errorf("%+v, want phase %s", te, tt.phase)
				}
				if r := <-sibling; r.err != nil || len(r.text) != 102 {
					t.Errorf("the sibling got %d bytes, %v", len(r.text), r.err)
				}
				if n := srv.conns.Load(); n != 1 {
					t.Errorf("%d connections", n)
				}
				if s := c.Stats(); s.InUse != 0 || s.Idle != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// sock_read bounds the peer's silence: not the caller's, who may take his time
// between two reads, or before the first one.
func TestH2SlowReader(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/drip?for=5s", "/early?for=10s"} {
		synctest.Test(t, func(t *testing.T) {
			_, c, _ := h2Memory(t, connector.Config{}, slow)
			ctx := connector.WithSettings(t.Context(), connector.Settings{Timeout: connector.ClientTimeout{SockRead: 2 * time.Second}})
			var body io.Reader
			if path == "/early?for=10s" {
				body = &trickle{3, time.Second} // sent when the head is there
			}
			resp, err := c.RoundTrip(newRequest(t, ctx, "POST", "https://host"+path, body))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			buf := make([]byte, 1)
			n := 0
			for {
				m, err := resp.Body.Read(buf)
				n += m
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(path, err)
				}
				time.Sleep(10 * time.Second)
			}
			if want := map[string]int{"/drip?for=5s": 7, "/early?for=10s": 5}[path]; n != want {
				t.Errorf("%s: %d bytes, want %d", path, n, want)
			}
			resp.Body.Close()
		})
	}
}

// A cancelled request ends its stream, wherever it is, and frees its place; nobody
// has to close a body for that.
func TestH2Cancel(t *testing.T) {
	t.Parallel()
	cause := errors.New("changed my mind")
	cases := []struct {
		name, path string
		read       bool // that is, somebody does
	}{{"head", "/head?for=1h", false}, {"body", "/body?for=1h", true}, {"body that nobody reads", "/body?for=1h", false}}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan struct{}, 1)
				srv, c, _ := h2Memory(t, connector.Config{}, func(w http.ResponseWriter, r *http.Request) {
					slow(w, r)
					if r.URL.Path != "/drip" {
						ended <- struct{}{}
					}
				})
				sibling := make(chan result)
				go func() { sibling <- fetch(t.Context(), c, "GET", "https://host/drip?for=10s") }()
				synctest.Wait()
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(5*time.Second, func() { cancel(cause) })
				resp, err := c.RoundTrip(newRequest(t, ctx, "GET", "https://host"+tt.path, nil))
				if err == nil && tt.read {
					_, err = io.ReadAll(resp.Body)
				}
				<-ended // the server has heard of it
				if resp == nil || tt.read {
					if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
						t.Errorf("got %v", err)
					}
				}
				allOK2 := <-sibling
				if allOK2.err != nil {
					t.Error(allOK2.err)
				}
				synctest.Wait()
				if s := c.Stats(); s.InUse != 0 || s.Idle != 1 || srv.conns.Load() != 1 {
					t.Errorf("%+v", s)
				}
				if resp != nil {
					if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
						t.Errorf("a read after it: %v", err)
					}
					resp.Body.Close()
				}
			})
		})
	}
}

// The total timeout too frees the place of a body that nobody reads or closes.
func TestH2TotalFreesSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := h2Memory(t, connector.Config{}, slow)
		ctx := connector.WithSettings(context.Background(), connector.Settings{Timeout: connector.ClientTimeout{Total: time.Second}})
		if _, err := c.RoundTrip(newRequest(t, ctx, "GET", "https://host/body?for=1h", nil)); err != nil {
			t.Fatal(err)
		}
		if s := c.Stats(); s.InUse != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Second)
		if s := c.Stats(); s.InUse != 0 || s.Idle != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// Closing a body early resets its stream and nothing else, even if the request's
// body cannot be woken.
func TestH2CloseEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, _ := h2Memory(t, connector.Config{}, slow)
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "https://host/body?for=1h", nil))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		resp.Body.Close()
		resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("a read after it: %v", err)
		}
		resp, err = c.RoundTrip(newRequest(t, t.Context(), "POST", "https://host/early", io.NopCloser(&trickle{2, time.Minute})))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if d := time.Since(start); d != 0 {
			t.Errorf("closing took %v", d)
		}
		if r := fetch(t.Context(), c, "GET", "https://host/"); r.text != "ok" {
			t.Errorf("%+v", r)
		}
		if s := c.Stats(); s.InUse != 0 || s.Idle != 1 || srv.conns.Load() != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(3 * time.Minute) // for the request's body
	})
}

// A Close wakes a Read.
func TestH2CloseDuringRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := h2Memory(t, connector.Config{}, slow)
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "https://host/body?for=1h", nil))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, errors.ErrConnectionClosed) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		resp.Body.Close()
		wg.Wait()
	})
}

// A body that nobody reads holds up its own stream, and no other.
func TestH2FlowControl(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 256<<10)
	srv := newH2Server(t, h2Options{}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, big) })
	cfg := srv.config()
	cfg.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
	c := newConnector(t, cfg)
	var stalled []*http.Response
	for range 5 {
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		stalled = append(stalled, resp)
	}
	if r := fetch(t.Context(), c, "GET", srv.url); r.text != big {
		t.Errorf("%d bytes, %v", len(r.text), r.err)
	}
	for i, resp := range stalled {
		if i%2 == 0 {
			resp.Body.Close()
		} else if got := read(t, resp); got != big {
			t.Errorf("%d bytes", len(got))
		}
	}
	if s := c.Stats(); s.Opened != 1 {
		t.Errorf("%+v", s)
	}
}

// A stream that ends while the request's body has nothing to send does not wait
// for the body.
func TestH2ResetDuringUpload(t *testing.T) {
	t.Parallel()
	ends := map[string]func(f *frames, id uint32){
		"reset":      func(f *frames, id uint32) { f.WriteRSTStream(id, http2.ErrCodeInternal); f.fine() },
		"connection": func(f *frames, _ uint32) { f.c.Reset() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cfg := h2Script(t, func(f *frames) { end(f, f.request()) })
			c := newConnector(t, cfg)
			body := &deafBody{release: make(chan struct{})}
			defer close(body.release)
			_, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), body))
			if !errors.Is(err, errors.ErrServerDisconnected) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// deafBody does not hear when it is closed.
type deafBody struct{ release chan struct{} }

func (b *deafBody) Read([]byte) (int, error) {
	<-b.release
	return 0, io.EOF
}

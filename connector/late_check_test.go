package connector_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// Requests that meet connections which have died while they were idle get another one, also
// if nothing may be sent twice: no byte of them was on a dead one.
func TestDeadConnectionsGetNothing(t *testing.T) {
	t.Parallel()
	const idle = 5
	for name, body := range map[string]string{"GET": "", "POST": "body", "large POST": strings.Repeat("b", 6<<10)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived sync.WaitGroup
			arrived.Add(idle)
			var closed sync.WaitGroup
			closed.Add(idle)
			answered := make(chan struct{})
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				for dead := c.N < idle; ; dead = false {
					if _, ok := c.ReadHead(); !ok {
						return
					}
					if dead {
						arrived.Done()
						arrived.Wait()
					}
					c.ReadBody(len(body))
					c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					if dead {
						select {
						case <-answered:
						case <-t.Context().Done():
						}
						c.Close()
						closed.Done()
						return
					}
				}
			})
			c := newConnector(t, connector.Config{DisableStaleRetry: true, LimitPerHost: idle})
			send := func() error {
				req, err := http.NewRequestWithContext(t.Context(), strings.TrimPrefix(name, "large "), srv.URL(), strings.NewReader(body))
				if err != nil {
					return err
				}
				resp, err := c.RoundTrip(req)
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				_, err = io.ReadAll(resp.Body)
				return err
			}
			var all sync.WaitGroup
			for range idle {
				all.Go(func() {
					if err := send(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			close(answered)
			closed.Wait()
			for range 3 {
				if err := send(); err != nil {
					t.Error(err)
				}
			}
			if n := len(srv.Requests()); n != idle+3 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
}

// endsWhenWatched is a context that ends once somebody listens to it, and lets whoever does
// act on that.
type endsWhenWatched struct {
	context.Context
	cancel  context.CancelFunc
	watched atomic.Bool
}

func (c *endsWhenWatched) Done() <-chan struct{} {
	c.watched.Store(true)
	return c.Context.Done()
}

func (c *endsWhenWatched) Value(key any) any {
	if c.watched.Load() {
		c.cancel()
		for range 1000 {
			runtime.Gosched()
		}
	}
	return c.Context.Value(key)
}

// A request whose context ends before it looks has closed its connection itself: it does not
// go on to the next one, and with that to all idle ones.
func TestCanceledBeforeLook(t *testing.T) {
	t.Parallel()
	const idle = 10
	var arrived sync.WaitGroup
	arrived.Add(idle)
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		arrived.Done()
		arrived.Wait()
		c.Write(okResponse)
		fine(c)
	})
	c := newConnector(t, connector.Config{})
	var all sync.WaitGroup
	for range idle {
		all.Go(func() { get(t, c, srv.URL()) })
	}
	all.Wait()
	for i, size := range []int{6 << 10, 20 << 10} { // for a look before the write, and for an upload
		ctx, cancel := context.WithCancel(t.Context())
		req := newRequest(t, &endsWhenWatched{Context: ctx, cancel: cancel}, "GET", srv.URL(), nil)
		req.Header.Set("A", strings.Repeat("a", size))
		resp, err := c.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("%d: got %v", size, err)
		}
		if st := c.Stats(); st.Idle < idle-1-i {
			t.Errorf("%d: %d connections are left, want %d", size, st.Idle, idle-1-i)
		}
	}
}

// deadConnection is a connector with one idle connection, which the server has closed.
func deadConnection(t *testing.T) (*wiretest.Server, *connector.Connector) {
	t.Helper()
	answered, gone := make(chan struct{}), make(chan struct{})
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		if c.N > 0 {
			fine(c)
			return
		}
		if c.ReadHead(); c.Write(okResponse) && c.Await(answered) {
			c.Close()
			close(gone)
		}
	})
	c := newConnector(t, connector.Config{})
	get(t, c, srv.URL())
	close(answered)
	<-gone
	return srv, c
}

// A body that can be had only once is not read for a dead connection.
func TestDeadConnectionBodyOnce(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 4, "medium": 6 << 10, "large": 20 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := deadConnection(t)
			body := strings.Repeat("b", size)
			req := newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader(body))
			req.GetBody = nil
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if c.Stats().Retried != 0 || len(srv.Requests()) != 2 {
				t.Errorf("got %+v, %q", c.Stats(), srv.Requests())
			}
		})
	}
}

// Hooks are told of the connection that serves the request, and of no dead one.
func TestDeadConnectionUntold(t *testing.T) {
	t.Parallel()
	var reused atomic.Int32
	var got []bool
	var record connector.Recorder
	own := &connector.Trace{Reused: func() { reused.Add(1) }}
	for name, with := range map[string]func(context.Context) context.Context{
		"httptrace": func(ctx context.Context) context.Context {
			return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
				GotConn: func(info httptrace.GotConnInfo) { got = append(got, info.Reused) },
			})
		},
		"Trace": func(ctx context.Context) context.Context {
			return connector.WithSettings(ctx, connector.Settings{Trace: own})
		},
		"Recorder": func(ctx context.Context) context.Context {
			return connector.WithSettings(ctx, connector.Settings{Recorder: &record})
		},
	} {
		srv, c := deadConnection(t)
		resp, err := c.RoundTrip(newRequest(t, with(t.Context()), "GET", srv.URL(), nil))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resp.Body.Close()
	}
	if timing := record.Timing(); timing.Retried || timing.Reused {
		t.Errorf("got %+v", timing)
	}
	if len(got) != 1 || got[0] || reused.Load() != 0 {
		t.Errorf("got connections that are reused %v, %d times Reused", got, reused.Load())
	}
}

// A body that cannot be had again after the look is the only way in which the death of an idle
// connection shows: as a server that has left, whatever the size.
func TestDeadConnectionWithoutBody(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 4, "medium": 6 << 10, "large": 20 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := deadConnection(t)
			req := newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader(strings.Repeat("b", size)))
			req.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrNoProgress }
			if _, err := c.RoundTrip(req); !errors.Is(err, errors.ErrServerDisconnected) {
				t.Errorf("got %v, want %v", err, errors.ErrServerDisconnected)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
}

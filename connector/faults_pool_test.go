package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestQueueTimeout: the error of a request that ran out of time in the queue says who has
// the slots.
func TestQueueTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		cfg    connector.Config
		unread bool // the responses have come, and nobody reads them
		want   string
	}{
		{"total limit", connector.Config{Limit: 3}, false, "3 of 3 in use"},
		{"total limit, unread", connector.Config{Limit: 3}, true, "3 of 3 in use, 3 by responses that nobody has read to their end or closed"},
		{"limit of the host", connector.Config{LimitPerHost: 3}, false, "3 of 3 to host:"},
		{"limit of the host, unread", connector.Config{LimitPerHost: 3}, true, "in use; 3 responses, of all hosts, that nobody has read to their end or closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				synctest.Test(t, func(t *testing.T) {
					_, c := w.memory(t, tt.cfg, func(p *peer) {
						for p.head() {
							if tt.unread {
								p.answer(200, 10)
							}
						}
					})
					for range 3 {
						go c.RoundTrip(newRequest(t, t.Context(), "GET", w.url(), nil))
						synctest.Wait()
					}
					for _, timeout := range []connector.ClientTimeout{{Total: 3 * time.Second}, {Connect: 3 * time.Second}} {
						ctx := connector.WithSettings(t.Context(), connector.Settings{Timeout: timeout})
						_, err := c.RoundTrip(newRequest(t, ctx, "GET", w.url(), nil))
						late, ok := errors.AsType[*errors.TimeoutError](err)
						if !ok || late.Phase != errors.PhasePool || !strings.Contains(err.Error(), tt.want) {
							t.Errorf("%+v: got %v, want %q", timeout, err, tt.want)
						}
						if !tt.unread && strings.Contains(err.Error(), "nobody") {
							t.Errorf("%+v: got %v, want nothing of responses", timeout, err)
						}
					}
					c.Close()
				})
			})
		})
	}
}

// TestUnreadCount: a response counts from its head to its end, whatever that is.
func TestUnreadCount(t *testing.T) {
	t.Parallel()
	all := func(resp *http.Response) { io.Copy(io.Discard, resp.Body) }
	closing := func(resp *http.Response) { resp.Body.Close() }
	whole := func(p *peer) { p.answer(200, 3); p.data("abc", true); p.silent() }
	half := func(p *peer) { p.answer(200, 10); p.data("abc", false) }
	for _, tt := range []struct {
		name    string
		script  func(*peer)
		during  int
		act     func(*http.Response)
		timeout time.Duration
		method  string
	}{
		{name: "end", script: whole, during: 1, act: all},
		{name: "close", script: whole, during: 1, act: closing},
		{name: "close of half", script: func(p *peer) { half(p); p.silent() }, during: 1, act: closing},
		{name: "end and close", script: whole, during: 1, act: func(resp *http.Response) { all(resp); closing(resp); closing(resp) }},
		{name: "cut", script: half, during: 1, act: all},
		{name: "total", script: func(p *peer) { half(p); p.silent() }, during: 1, act: all, timeout: 3 * time.Second},
		{name: "no body", script: func(p *peer) { p.answer(200, 0); p.silent() }},
		{name: "204", script: func(p *peer) { p.empty(204); p.silent() }},
		{name: "HEAD", script: func(p *peer) { p.empty(200); p.silent() }, method: "HEAD"},
		{name: "context", script: func(p *peer) { half(p); p.silent() }, during: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				synctest.Test(t, func(t *testing.T) {
					_, c := w.memory(t, connector.Config{Timeout: connector.ClientTimeout{Total: tt.timeout}}, func(p *peer) {
						if p.head() {
							tt.script(p)
						}
					})
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					method := "GET"
					if tt.method != "" {
						method = tt.method
					}
					resp, err := c.RoundTrip(newRequest(t, ctx, method, w.url(), nil))
					if err != nil {
						t.Fatal(err)
					}
					if st := c.Stats(); st.Unread != tt.during {
						t.Errorf("with the head: got %+v, want %d unread", st, tt.during)
					}
					if tt.act != nil {
						tt.act(resp)
					} else {
						cancel()
					}
					synctest.Wait()
					if tt.name != "context" {
						if st := c.Stats(); st.Unread != 0 || st.InUse != 0 {
							t.Errorf("at the end: got %+v", st)
						}
					}
					resp.Body.Close()
					if st := c.Stats(); st.Unread != 0 || st.InUse != 0 {
						t.Errorf("after Close: got %+v", st)
					}
					c.Close()
				})
			})
		})
	}
}

// TestCauses: a cause that wraps context.Canceled is found next to it.
func TestCauses(t *testing.T) {
	t.Parallel()
	shutdown := errors.New("shutdown")
	for name, script := range map[string]func(*peer){
		"head": func(p *peer) { p.head(); p.silent() },
		"body": func(p *peer) { p.head(); p.answer(200, 10); p.silent() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				synctest.Test(t, func(t *testing.T) {
					_, c := w.memory(t, connector.Config{}, script)
					for _, cause := range []error{shutdown, &wrapped{shutdown}} {
						ctx, cancel := context.WithCancelCause(t.Context())
						time.AfterFunc(time.Second, func() { cancel(cause) })
						resp, err := c.RoundTrip(newRequest(t, ctx, "GET", w.url(), nil))
						if err == nil {
							_, err = io.ReadAll(resp.Body)
						}
						if !errors.Is(err, shutdown) || !errors.Is(err, context.Canceled) {
							t.Errorf("got %v, want both %v and %v", err, context.Canceled, cause)
						}
					}
					c.Close()
				})
			})
		})
	}
}

// wrapped is a cause that wraps context.Canceled itself.
type wrapped struct{ err error }

func (w *wrapped) Error() string   { return w.err.Error() }
func (w *wrapped) Unwrap() []error { return []error{w.err, context.Canceled} }

// TestUnreadLeak: a response that was found to be dropped is not unread any more; one that
// was upgraded never was.
func TestUnreadLeak(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"body": longBody, "upgrade": switching} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, answer(text))
			said := make(leaks, 1)
			c := newConnector(t, connector.Config{OnLeak: said.hook})
			want := 0
			if text == longBody {
				want = 1
			}
			dropResponse(t, c, srv.URL(), nil, text == switching, func(*http.Response) {
				if got := c.Stats().Unread; got != want {
					t.Errorf("with the head: got %d unread, want %d", got, want)
				}
			})
			if _, ok := said.wait(400); !ok {
				t.Fatal("the leak was not found")
			}
			if st := c.Stats(); st.Unread != 0 || st.InUse != 0 {
				t.Errorf("got %+v, want nothing", st)
			}
		})
	}
}

// TestDrainBounded: Close waits for what is left of a short body only a moment, and whatever
// else ends it does so at once.
func TestDrainBounded(t *testing.T) {
	t.Parallel()
	overWires(t, func(t *testing.T, w wire) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			_, c := w.memory(t, connector.Config{}, func(p *peer) {
				p.head()
				p.answer(200, 10)
				p.data("abc", false)
				p.silent()
			})
			for name, end := range map[string]func(context.CancelFunc){
				"time":            func(context.CancelFunc) {},
				"context":         func(cancel context.CancelFunc) { time.AfterFunc(time.Millisecond, cancel) },
				"context, before": func(cancel context.CancelFunc) { cancel() },
			} {
				ctx, cancel := context.WithCancel(t.Context())
				resp, err := c.RoundTrip(newRequest(t, ctx, "GET", w.url(), nil))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				end(cancel)
				resp.Body.Close()
				if took := time.Since(start); took > 5*time.Millisecond || name == "context" && took > time.Millisecond {
					t.Errorf("%s: Close took %v", name, took)
				}
				cancel()
				if st := c.Stats(); st.InUse != 0 || st.Unread != 0 {
					t.Errorf("%s: got %+v", name, st)
				}
				c.CloseIdleConnections()
			}
			start := time.Now()
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", w.url(), nil))
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Millisecond, func() { c.Close() })
			resp.Body.Close()
			if took := time.Since(start); took > time.Millisecond {
				t.Errorf("Connector.Close: Close took %v", took)
			}
			c.Close()
		})
	})
}

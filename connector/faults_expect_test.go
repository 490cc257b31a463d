package connector_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// expecting is a request with a body that is to be asked for. The name of the field may be
// in another spelling.
func (w wire) expecting(t *testing.T, name string, body io.Reader) *http.Request {
	t.Helper()
	req := newRequest(t, t.Context(), "POST", w.url(), body)
	req.Header[name] = []string{"100-continue"}
	return req
}

// TestExpectUnanswered: a server that waits for the body and never asks for it gets it
// after a while (RFC 9110 10.1.1).
func TestExpectUnanswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		field   string
		want    time.Duration // 0: it waits for ever
	}{
		{"default", 0, "Expect", time.Second},
		{"set", 300 * time.Millisecond, "Expect", 300 * time.Millisecond},
		{"lower case", 0, "expect", time.Second},
		{"for ever", -1, "Expect", 0},
	} {
		for _, body := range bodies[1:] {
			t.Run(tt.name+", "+body.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					synctest.Test(t, func(t *testing.T) {
						_, c := w.memory(t, connector.Config{
							ExpectContinueTimeout: tt.timeout, Timeout: connector.ClientTimeout{Total: time.Hour},
						}, (*peer).fine)
						data, closed := body.make()
						start := time.Now()
						resp, err := c.RoundTrip(w.expecting(t, tt.field, data))
						took := time.Since(start)
						if tt.want == 0 {
							if !errors.Is(err, errors.ErrTotalTimeout) || took != time.Hour {
								t.Errorf("got %v after %v, want the total timeout", err, took)
							}
						} else if err != nil {
							t.Fatal(err)
						} else if got := read(t, resp); got != "ok" || took != tt.want {
							t.Errorf("got %q after %v, want an answer after %v", got, took, tt.want)
						}
						synctest.Wait()
						if closed != nil && closed() != 1 {
							t.Errorf("the body was closed %d times, want once", closed())
						}
						if st := c.Stats(); tt.want != 0 && st.Idle != 1 || st.InUse != 0 {
							t.Errorf("got %+v, want the connection kept", st)
						}
						c.Close()
					})
				})
			})
		}
	}
}

// TestExpectThenSlow: sock_read runs while the server is asked, and not any more while the
// body is on its way, also if that was never asked for.
func TestExpectThenSlow(t *testing.T) {
	t.Parallel()
	overWires(t, func(t *testing.T, w wire) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			_, c := w.memory(t, connector.Config{Timeout: connector.ClientTimeout{SockRead: 3 * time.Second}}, (*peer).fine)
			start := time.Now()
			resp, err := c.RoundTrip(w.expecting(t, "Expect", &trickle{10, time.Second}))
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
			if got := read(t, resp); got != "ok" || time.Since(start) != 11*time.Second {
				t.Errorf("got %q after %v, want ok after 11s", got, time.Since(start))
			}
			c.Close()
		})
	})
}

// TestExpectPhase: what runs out before the consent does so in the phase of the request.
func TestExpectPhase(t *testing.T) {
	t.Parallel()
	overWires(t, func(t *testing.T, w wire) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			_, c := w.memory(t, connector.Config{
				ExpectContinueTimeout: -1, Timeout: connector.ClientTimeout{SockRead: 3 * time.Second},
			}, func(p *peer) { p.head(); p.silent() })
			_, err := c.RoundTrip(w.expecting(t, "Expect", strings.NewReader("body")))
			if late, ok := errors.AsType[*errors.TimeoutError](err); !ok || late.Phase != errors.PhaseRequest || !errors.Is(err, errors.ErrSocketTimeout) {
				t.Errorf("got %v, want sock_read in phase request", err)
			}
			c.Close()
		})
	})
}

// TestExpectDecided: after the consent the connection is kept; after a final status in its
// place no byte of the body is sent, and one of HTTP/1 is closed.
func TestExpectDecided(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*peer)
		status int
		keeps  bool // HTTP/1
	}{
		{"consent", func(p *peer) {
			p.head()
			p.interim(100)
			p.body()
			p.ok()
			p.silent()
		}, 200, true},
		{"refusal", func(p *peer) {
			p.head()
			p.answer(417, 2)
			p.data("no", true)
			p.silent()
		}, 417, false},
	} {
		for _, body := range bodies[1:] {
			t.Run(tt.name+", "+body.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					synctest.Test(t, func(t *testing.T) {
						srv, c := w.memory(t, connector.Config{}, tt.script)
						data, closed := body.make()
						resp, err := c.RoundTrip(w.expecting(t, "Expect", data))
						if err != nil {
							t.Fatal(err)
						}
						if got := read(t, resp); resp.StatusCode != tt.status || len(got) != 2 {
							t.Errorf("got %d %q, want %d", resp.StatusCode, got, tt.status)
						}
						synctest.Wait()
						time.Sleep(2 * time.Second)
						if closed != nil && closed() != 1 {
							t.Errorf("the body was closed %d times, want once", closed())
						}
						if _, sent, _ := strings.Cut(srv.Received(0), "\r\n\r\n"); !w.h2 && !tt.keeps && sent != "" {
							t.Errorf("%d bytes of the body were sent", len(sent))
						}
						if st := c.Stats(); (st.Idle == 1) != (tt.keeps || w.h2) {
							t.Errorf("got %+v", st)
						}
						c.Close()
					})
				})
			})
		}
	}
}

package connector_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// TestEarlyAnswerClose: a server that has read a little of an upload, answers and closes is
// heard, always (RFC 9112 9.5), though the sending fails.
func TestEarlyAnswerClose(t *testing.T) {
	t.Parallel()
	const times = 50
	for _, w := range wires[:2] {
		for _, kind := range []string{"memory", "stream"} {
			t.Run(w.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				srv, c := w.sockets(t, connector.Config{}, func(p *peer) {
					p.head()
					p.c.ReadBody(1 << 20)
					p.c.Write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
				})
				data := make([]byte, 32<<20)
				got := 0
				for i := range times {
					var body io.Reader = bytes.NewReader(data)
					if kind == "stream" {
						body = io.LimitReader(zeros{}, int64(len(data)))
					}
					resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), body))
					if err != nil {
						t.Logf("%d: %v", i, err)
						continue
					}
					if text, err := io.ReadAll(resp.Body); err == nil && string(text) == "big" && resp.StatusCode == http.StatusRequestEntityTooLarge {
						got++
					} else {
						t.Logf("%d: %d %q %v", i, resp.StatusCode, text, err)
					}
					resp.Body.Close()
				}
				if got != times {
					t.Errorf("got %d of %d answers", got, times)
				}
			})
		}
	}
}

// TestEarlyAnswerGoesOn: a server may answer before it has read everything. If it reads on,
// the connection is kept; if it stops, the response can be read and nothing hangs.
func TestEarlyAnswerGoesOn(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{true, false} {
		for _, body := range bodies[3:] {
			name := "stops, "
			if reads {
				name = "reads on, "
			}
			t.Run(name+body.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					synctest.Test(t, func(t *testing.T) {
						_, c := w.memory(t, connector.Config{}, func(p *peer) {
							for p.head() {
								p.ok()
								if !reads {
									p.c.Hang()
									return
								}
								p.body()
							}
						})
						start := time.Now()
						data, closed := body.make()
						resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", w.url(), data))
						if err != nil {
							t.Fatal(err)
						}
						if got := read(t, resp); got != "ok" || time.Since(start) > time.Second {
							t.Errorf("got %q after %v", got, time.Since(start))
						}
						synctest.Wait()
						if closed != nil && closed() != 1 {
							t.Errorf("the body was closed %d times, want once", closed())
						}
						if st := c.Stats(); st.InUse != 0 || (st.Idle == 1) != (reads || w.h2) {
							t.Errorf("got %+v", st)
						}
						c.Close()
					})
				})
			})
		}
	}
}

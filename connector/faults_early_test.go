package connector_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

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

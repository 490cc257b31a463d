package connector_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// refusals are the ways in which a server of HTTP/2 says that it has done nothing about a
// request, which may then be sent again whatever it is.
var refusals = []struct {
	name   string
	refuse func(*peer) (remains bool)
}{
	{"REFUSED_STREAM", func(p *peer) bool { p.f.WriteRSTStream(p.stream, http2.ErrCodeRefusedStream); return true }},
	{"GOAWAY", func(p *peer) bool {
		p.f.WriteGoAway(p.stream-1, http2.ErrCodeNo, nil)
		p.c.Pause(time.Millisecond)
		return false
	}},
}

// TestRefusedUntilItEnds: a server that refuses for 300 ms is asked again until it does not, in
// the time that there is; meanwhile the request holds no slot.
func TestRefusedUntilItEnds(t *testing.T) {
	t.Parallel()
	for _, way := range refusals {
		for _, tt := range []struct {
			name  string
			busy  time.Duration
			total time.Duration
			class error
		}{
			{"300 ms", 300 * time.Millisecond, 0, nil},
			{"total too short", time.Hour, 100 * time.Millisecond, errors.ErrServerDisconnected},
			{"context", time.Hour, 0, context.Canceled},
			{"Connector.Close", time.Hour, 0, errors.ErrConnectorClosed},
			{"Connector.Shutdown", 300 * time.Millisecond, 0, nil}, // waits for it
		} {
			if way.name == "GOAWAY" && tt.name == "Connector.Shutdown" {
				continue // the slot goes with the connection, and Shutdown does not wait for that
			}
			t.Run(way.name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					begin := time.Now()
					_, c := wires[2].memory(t, connector.Config{Limit: 1, Timeout: connector.ClientTimeout{Total: tt.total}}, func(p *peer) {
						for p.head() {
							p.body()
							if time.Since(begin) >= tt.busy {
								p.ok()
							} else if !way.refuse(p) {
								return
							}
						}
					})
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					shut := make(chan error, 1)
					if tt.name == "Connector.Shutdown" {
						time.AfterFunc(123*time.Millisecond, func() { shut <- c.Shutdown(context.Background()) })
					} else {
						shut <- nil
					}
					switch tt.class {
					case context.Canceled:
						time.AfterFunc(123*time.Millisecond, cancel)
					case errors.ErrConnectorClosed:
						time.AfterFunc(123*time.Millisecond, func() { c.Close() })
					}
					var free atomic.Bool
					time.AfterFunc(100*time.Millisecond-1, func() { free.Store(c.Stats().InUse == 0) })
					resp, err := c.RoundTrip(newRequest(t, ctx, "POST", wires[2].url(), strings.NewReader("body")))
					took := time.Since(begin)
					switch {
					case !errors.Is(err, tt.class):
						t.Errorf("got %v after %v, want %v", err, took, tt.class)
					case tt.class != nil && tt.total == 0 && took != 123*time.Millisecond, tt.total > 0 && took > tt.total:
						t.Errorf("it took %v", took)
					case err == nil:
						if got := read(t, resp); got != "ok" || took < tt.busy || took > 3*tt.busy || !free.Load() {
							t.Errorf("got %q after %v, the slot was free meanwhile: %v", got, took, free.Load())
						}
					}
					synctest.Wait()
					if err := <-shut; err != nil {
						t.Errorf("Shutdown: %v", err)
					}
					if st := c.Stats(); st.InUse != 0 || st.Waiting != 0 {
						t.Errorf("got %+v", st)
					}
					c.Close()
				})
			})
		}
	}
}

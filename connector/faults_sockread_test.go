package connector_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// silences are the points of a response at which a server can fall silent.
var silences = []struct {
	name  string
	say   func(*peer)
	phase errors.Phase
}{
	{"before the head", func(*peer) {}, errors.PhaseResponse},
	{"in the head", func(p *peer) { p.halfHead() }, errors.PhaseResponse},
	{"in the body", func(p *peer) { p.answer(200, 10); p.data("abc", false) }, errors.PhaseBody},
}

// timeoutKinds are the two timeouts that end a silence.
var timeoutKinds = []struct {
	name    string
	timeout connector.ClientTimeout
	class   error
}{
	{"sock_read", connector.ClientTimeout{SockRead: 3 * time.Second}, errors.ErrSocketTimeout},
	{"total", connector.ClientTimeout{Total: 3 * time.Second}, errors.ErrTotalTimeout},
}

// TestSilence: a server that has read everything and falls silent is given up after exactly
// the timeout, whatever was sent and by whatever way; the error says what was under way, and
// the request's body has been closed once.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, kind := range timeoutKinds {
		for _, body := range bodies {
			for _, silence := range silences {
				t.Run(kind.name+", "+body.name+", "+silence.name, func(t *testing.T) {
					t.Parallel()
					overWires(t, func(t *testing.T, w wire) {
						t.Helper()
						synctest.Test(t, func(t *testing.T) {
							_, c := w.memory(t, connector.Config{Timeout: kind.timeout}, func(p *peer) {
								p.head()
								p.body()
								silence.say(p)
								p.silent()
							})
							data, closed := body.make()
							start := time.Now()
							resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", w.url(), data))
							if (err == nil) != (silence.phase == errors.PhaseBody) {
								t.Fatalf("got %v", err)
							}
							if err == nil {
								_, err = io.ReadAll(resp.Body)
								resp.Body.Close()
							}
							late, ok := errors.AsType[*errors.TimeoutError](err)
							if !ok || !errors.Is(err, kind.class) || late.Phase != silence.phase || late.Limit != 3*time.Second {
								t.Errorf("got %v, want %v in phase %q", err, kind.class, silence.phase)
							}
							if got := time.Since(start); got != 3*time.Second {
								t.Errorf("it took %v, want 3s", got)
							}
							synctest.Wait()
							if closed != nil && closed() != 1 {
								t.Errorf("the body was closed %d times, want once", closed())
							}
							if st := c.Stats(); st.InUse != 0 || st.Unread != 0 {
								t.Errorf("got %+v, want nothing in use", st)
							}
							c.Close()
						})
					})
				})
			}
		}
	}
}

// TestSilenceWhileSending: sock_read is about what the peer says, so a server that is slow
// to read is borne, and its silence is counted from the end of the request.
func TestSilenceWhileSending(t *testing.T) {
	t.Parallel()
	overWires(t, func(t *testing.T, w wire) {
		t.Helper()
		for _, body := range bodies[3:] {
			t.Run(body.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, c := w.memory(t, connector.Config{Timeout: connector.ClientTimeout{SockRead: 3 * time.Second}}, func(p *peer) {
						p.head()
						p.c.Pause(10 * time.Second)
						p.body()
						p.silent()
					})
					data, closed := body.make()
					start := time.Now()
					_, err := c.RoundTrip(newRequest(t, t.Context(), "POST", w.url(), data))
					if got := time.Since(start); !errors.Is(err, errors.ErrSocketTimeout) || got != 13*time.Second {
						t.Errorf("got %v after %v, want sock_read after 13s", err, got)
					}
					synctest.Wait()
					if closed != nil && closed() != 1 {
						t.Errorf("the body was closed %d times, want once", closed())
					}
					c.Close()
				})
			})
		}
	})
}

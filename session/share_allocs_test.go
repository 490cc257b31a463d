package session_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// TestShareAllocs: a session adds one allocation to what its connector needs for
// the same request, made by hand.
func TestShareAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	cancelable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, ctx := range map[string]context.Context{"background": context.Background(), "cancelable": cancelable} {
		t.Run(name, func(t *testing.T) {
			s, buf := newSession(t, full()), make([]byte, 4096)
			url := answerAll(t, 64)
			ours := testing.AllocsPerRun(200, func() {
				resp, err := s.Get(ctx, url)
				if err != nil {
					t.Fatal(err)
				}
				drain(t, resp, buf)
			})
			req, err := http.NewRequestWithContext(connector.WithSettings(ctx, connector.Settings{
				Timeout: full().Timeout, Deadline: time.Now().Add(time.Hour), Started: time.Now(), Recorder: new(connector.Recorder),
			}), http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = s.Header()
			bare := testing.AllocsPerRun(200, func() {
				resp, err := s.Connector().RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				resp.Body.Close()
			})
			t.Logf("session %v, connector %v", ours, bare)
			if ours > bare+1 {
				t.Errorf("session: %v allocations, connector: %v", ours, bare)
			}
		})
	}
}

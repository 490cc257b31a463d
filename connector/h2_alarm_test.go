package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// The streams of a connection share one timer. Each of them fails when its own time is over,
// to the nanosecond, whatever the others have set before or after, and the rest goes on.
func TestH2SharedAlarm(t *testing.T) {
	t.Parallel()
	type bound struct {
		begins time.Duration
		total  time.Duration
		read   time.Duration
		want   time.Duration // when it fails, from its begin; 0: it does not
	}
	cases := map[string][]bound{
		"the first of a connection": {{read: time.Second, want: time.Second}},
		"later and earlier":         {{total: 9 * time.Second, want: 9 * time.Second}, {begins: time.Second, total: 2 * time.Second, want: 2 * time.Second}},
		"earlier and later":         {{total: 2 * time.Second, want: 2 * time.Second}, {begins: time.Second, total: 9 * time.Second, want: 9 * time.Second}},
		"after the alarm has rung":  {{read: 2 * time.Second, want: 2 * time.Second}, {begins: 3 * time.Second, read: 3 * time.Second, want: 3 * time.Second}},
		"at the same time":          {{total: 3 * time.Second, want: 3 * time.Second}, {begins: time.Second, read: 2 * time.Second, want: 2 * time.Second}, {read: -1}},
		"for ever":                  {{read: 1<<63 - 1}, {total: 5 * time.Second, want: 5 * time.Second}},
	}
	for name, bounds := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, c, _ := h2Memory(t, connector.Config{}, func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(time.Minute):
						proto(w, r)
					case <-r.Context().Done():
					}
				})
				var wg sync.WaitGroup
				for i, b := range bounds {
					wg.Go(func() {
						time.Sleep(b.begins)
						ctx := connector.WithSettings(context.Background(), connector.Settings{
							Timeout: connector.ClientTimeout{Total: b.total, SockRead: b.read},
						})
						start := time.Now()
						r := fetch(ctx, c, "GET", "https://host/")
						want := b.want
						if want == 0 {
							want = time.Minute
						}
						if took := time.Since(start); took != want {
							t.Errorf("%d took %v, want %v", i, took, want)
						}
						if late := errors.Is(r.err, errors.ErrTimeout); late != (b.want > 0) || !late && r.text != "HTTP/2.0" {
							t.Errorf("%d got %q, %v", i, r.text, r.err)
						}
					})
				}
				wg.Wait()
				if s := c.Stats(); s.InUse != 0 || s.Idle != 1 || s.Opened != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// An exchange that is used again for another request keeps nothing of the one before, and no
// timeout, cancel or Close of that reaches the next.
func TestH2ExchangesUsedAgain(t *testing.T) {
	t.Parallel()
	srv := newH2Server(t, h2Options{}, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path)
	})
	c := newConnector(t, srv.config())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithCancel(context.Background())
				timeout := connector.ClientTimeout{}
				if i%3 > 0 {
					timeout = connector.ClientTimeout{Total: time.Hour, SockRead: time.Hour}
				}
				path := fmt.Sprintf("/%d/%d", g, i)
				req := newRequest(t, connector.WithSettings(ctx, connector.Settings{Timeout: timeout}), "GET", srv.url+path, nil)
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					cancel()
					continue
				}
				if i%2 == 0 {
					go cancel() // at any point of what follows
				} else if got := read(t, resp); got != path {
					t.Errorf("got %q, want %q", got, path)
				}
				resp.Body.Close()
				resp.Body.Close()
				cancel()
			}
		})
	}
	wg.Wait()
	waitFor(t, "no slot in use", func() bool { return c.Stats().InUse == 0 })
}

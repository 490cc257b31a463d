package connector_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
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

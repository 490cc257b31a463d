package connector_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// Idle connections have a bound, over all hosts, and the one that was idle for longest goes
// first.
func TestMaxIdle(t *testing.T) {
	t.Parallel()
	const hosts = 400
	for _, tt := range []struct {
		name           string
		limit, maxIdle int
		want           int
	}{
		{"default", 0, 0, connector.DefaultMaxIdle},
		{"no limit", -1, 0, connector.DefaultMaxIdle},
		{"default, and a larger limit", 300, 0, 300},
		{"its own", 300, 7, 7},
		{"none", 0, -1, hosts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				ln, err := n.Listen("all:80")
				if err != nil {
					t.Fatal(err)
				}
				acceptAll(t, ln, answerAll)
				c := newConnector(t, connector.Config{
					Limit: tt.limit, MaxIdle: tt.maxIdle,
					DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
						return n.DialContext(ctx, network, "all:80")
					},
				})
				for host := range hosts {
					get(t, c, fmt.Sprintf("http://h%d/", host))
				}
				if st := c.Stats(); st.Idle != tt.want || st.Closed != uint64(hosts-tt.want) {
					t.Errorf("got %+v, want %d idle", st, tt.want)
				}
				get(t, c, fmt.Sprintf("http://h%d/", hosts-tt.want)) // the oldest of those that are kept
				if st := c.Stats(); st.Opened != hosts {
					t.Errorf("the oldest of those to keep was not kept: %+v", st)
				}
				c.Close()
			})
		})
	}
}

package connector_test

import (
	"context"
	"math/bits"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestExchangeSize: an exchange, with the allocator's header of 8 bytes, has the size class
// of 576 bytes; the next one is 640. Who adds a field that few requests need puts it into
// rareFacts.
func TestExchangeSize(t *testing.T) {
	t.Parallel()
	if bits.UintSize == 64 && connector.ExchangeSize+8 > 576 {
		t.Errorf("an exchange takes %d bytes, want at most %d", connector.ExchangeSize, 576-8)
	}
}

// TestConnSize: a connection of HTTP/1, with the allocator's header of 8 bytes, has the size
// class of 704 bytes; the next one is 768. A program may keep thousands that are idle. What
// only an exchange needs belongs to that, and what only connections need that cannot be peeked
// at to h1's unpeekable.
func TestConnSize(t *testing.T) {
	t.Parallel()
	if bits.UintSize == 64 && connector.ConnSize+8 > 704 {
		t.Errorf("a connection takes %d bytes, want at most %d", connector.ConnSize, 704-8)
	}
}

type contextKey struct{}

// TestDialContext: what dials has the caller's values, deadline and end; once the connection
// is made, nothing that is kept of its context leads to the caller.
func TestDialContext(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer(okResponse))
	for name, parent := range map[string]func() (context.Context, context.CancelFunc){
		"cancelable": func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) },
		"with an end": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), time.Hour)
		},
		"without ends": func() (context.Context, context.CancelFunc) { return context.Background(), func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, cancel := parent()
			defer cancel()
			ctx := context.WithValue(base, contextKey{}, "hers")
			var mu sync.Mutex
			var dialing context.Context
			c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				dialing = ctx
				if got := ctx.Value(contextKey{}); got != "hers" {
					t.Errorf("while it dials: value %v, want hers", got)
				}
				want, _ := base.Deadline()
				if got, _ := ctx.Deadline(); !want.IsZero() && got.After(want) {
					t.Errorf("while it dials: deadline %v, want %v at most", got, want)
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}})
			resp, err := c.RoundTrip(newRequest(t, ctx, http.MethodGet, srv.URL(), nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := dialing.Value(contextKey{}); got != nil {
				t.Errorf("afterwards: value %v, want none", got)
			}
		})
	}
}

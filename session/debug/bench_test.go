package debug_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

// busy is a session with so many responses that nobody has read, each of another host, and
// its page.
func busy(tb testing.TB, calls int) *debug.Handler {
	tb.Helper()
	n := memnet.New()
	var wg sync.WaitGroup
	c, err := connector.New(connector.Config{DialContext: n.DialContext, Limit: -1, OnLeak: func(string) {}})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true})
	if err != nil {
		tb.Fatal(err)
	}
	page, err := debug.New(debug.Config{Session: s})
	if err != nil {
		tb.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "body")
	})}
	tb.Cleanup(func() { s.Close(); srv.Close(); wg.Wait() })
	for i := range calls {
		host := fmt.Sprintf("host%d:80", i)
		ln, err := n.Listen(host)
		if err != nil {
			tb.Fatal(err)
		}
		wg.Go(func() { _ = srv.Serve(ln) })
		resp, err := s.Get(context.Background(), "http://"+host+"/path?query=value")
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { resp.Close() })
	}
	return page
}

// BenchmarkPage is what one look costs, by how many calls are under way.
func BenchmarkPage(b *testing.B) {
	for _, calls := range []int{10, 1000} {
		page := busy(b, calls)
		b.Run(fmt.Sprintf("state %d", calls), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				page.State()
			}
		})
		for _, format := range []string{"json", "html"} {
			b.Run(fmt.Sprintf("%s %d", format, calls), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := debug.Write(page, format); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

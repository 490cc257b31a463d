package debug_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

func docsPage(s *session.Session, retrier *middleware.Retrier) (net.Listener, error) {
	page, err := debug.New(debug.Config{
		Session: s,
		Stats:   map[string]func() any{"retry": func() any { return retrier.Stats() }},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/aiolos", page)
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:6060") // this machine alone reaches it
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(ln) }() // until ln is closed
	return ln, nil
}

func docsSlow(ctx context.Context, s *session.Session, url string) error {
	resp, err := s.Get(ctx, url)
	if err != nil {
		return err
	}
	if _, err := resp.Bytes(); err != nil {
		return err
	}
	t := resp.Timing()
	fmt.Printf("queue %v, dns %v, connect %v, tls %v, request %v, first byte %v, body %v\n",
		t.Queue, t.DNS, t.Connect, t.TLS, t.Request, t.FirstByte, t.Body)
	return nil
}

func docsFails(ctx context.Context, s *session.Session, log *slog.Logger, url string) {
	if _, err := s.Get(ctx, url); err != nil {
		log.Error("the request has failed", "class", errors.Class(err), "error", err)
	}
	for _, f := range s.Inspect().Failures() { // the last first
		fmt.Println(f.Class, f.Count, f.Last, f.Text)
	}
}

func docsDump() (*session.Session, error) {
	return session.New(session.Config{Middleware: []middleware.Middleware{
		middleware.Dump(middleware.DumpConfig{Writer: os.Stderr}),
	}})
}

func docsCurl(resp *session.Response) error {
	text, err := session.CurlCommand(resp.Request)
	if err != nil {
		return err
	}
	fmt.Println(text)
	return nil
}

func docsSlots(conn *connector.Connector) {
	hosts, total := conn.HostStats()
	fmt.Printf("%d of %d slots in use, %d by responses that nobody has read or closed\n", total.InUse, conn.Limit(), total.Unread)
	for _, h := range hosts {
		if h.Waiting > 0 {
			fmt.Printf("%s: %d wait for the %s, the first for %v\n", h.Host, h.Waiting, h.WaitsFor, h.OldestWait)
		}
	}
}

func docsLeaks(log *slog.Logger) (*connector.Connector, error) {
	return connector.New(connector.Config{
		OnLeak: func(stack string) { log.Warn("a response was neither read nor closed", "stack", stack) },
	})
}

func docsCost(conn *connector.Connector, retrier *middleware.Retrier, hedger *middleware.Hedger, resp *session.Response) {
	st, retries, hedges := conn.Stats(), retrier.Stats(), hedger.Stats()
	fmt.Printf("connections: %d made for %d requests that found one\n", st.Opened, st.Reused)
	fmt.Printf("sent beyond what was asked for: %d retries, %d hedges, %d on dead connections\n", retries.Retried, hedges.Sent, st.Retried)
	fmt.Printf("bytes of this one: %d out, %d in\n", resp.Timing().Sent, resp.Timing().Received)
}

// docs keeps the functions above from being unused.
var _ = []any{docsPage, docsSlow, docsFails, docsDump, docsCurl, docsSlots, docsLeaks, docsCost}

package session_test

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
)

func docsLimits() error {
	conn, err := connector.New(connector.Config{
		Limit:        50, // requests under way
		LimitPerHost: 2,  // of these, to one host
		MaxIdle:      20, // connections kept for later: of 500 hosts most are not met again
	})
	if err != nil {
		return err
	}
	s, err := session.New(session.Config{Connector: conn, OwnConnector: true})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Printf("%+v\n", conn.Stats())
	return nil
}

func docsShutdown(s *session.Session) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "broken off:", s.Connector().Stats().InUse, "requests:", err)
		s.Close()
	}
}

func docsHAR(ctx context.Context) error {
	recorder := har.New(har.Config{MaxBody: 64 << 10}) // bodies may hold secrets
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{recorder.Wrap}})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { fmt.Println("reused:", i.Reused) },
	})
	resp, err := s.Get(ctx, "https://example.com/")
	if err != nil {
		return err
	}
	if _, err := resp.Bytes(); err != nil { // an exchange is recorded when its body has ended
		return err
	}
	fmt.Printf("%+v\n", resp.Timing()) // without a trace, too
	_, err = recorder.WriteTo(os.Stdout)
	return err
}

var _ = []any{docsLimits, docsShutdown, docsHAR}

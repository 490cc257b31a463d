package main

import (
	"context"
	"io"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
)

// newConnector is a connector with limits.
func newConnector(srv *server, s settings) (*connector.Connector, error) {
	return connector.New(connector.Config{
		Limit: 2 * maxConns, LimitPerHost: maxConns, TLS: srv.tls(), ForceClose: s.forceClose,
	})
}

// overConnector is the connector alone, under what net/http's users write.
func overConnector(srv *server, s settings) (client, error) {
	conn, err := newConnector(srv, s)
	if err != nil {
		return client{}, err
	}
	return overDoer(roundTripper{conn}, s, func() { _ = conn.Close() }), nil
}

// newSession has everything on: limits, the total and the sock_read timeout, a jar,
// typed errors.
func newSession(conn *connector.Connector) (*session.Session, error) {
	return session.New(session.Config{
		Connector: conn, OwnConnector: true,
		Timeout: session.ClientTimeout{Total: time.Minute, SockRead: 10 * time.Second},
	})
}

func overSession(srv *server, s settings) (client, error) {
	conn, err := newConnector(srv, s)
	if err != nil {
		return client{}, err
	}
	ses, err := newSession(conn)
	if err != nil {
		return client{}, err
	}
	return client{
		close: func() { _ = ses.Close() },
		get: func(ctx context.Context, url string, atLeast int64) error {
			resp, err := ses.Get(ctx, url)
			if err != nil {
				return err
			}
			return drainBody(resp.Response, nil, s, atLeast)
		},
		post: func(ctx context.Context, url string, v *payload) error {
			got, err := session.Decode[answer](ses.Post(ctx, url, session.JSON(v)))
			return got.checkSize(1000, err)
		},
		put: func(ctx context.Context, url string, src source) error {
			return src.use(func(r io.Reader) error {
				resp, err := ses.Put(ctx, url, session.Body(r))
				if err != nil {
					return err
				}
				return checkReceived(resp.Response, nil)
			})
		},
	}, nil
}

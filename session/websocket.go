package session

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// WebSocket opens a WebSocket through the session (aiohttp: ws_connect): the same
// connector with its limits, jar, middlewares, proxy, TLS policy and default
// headers. The URL has the scheme ws, wss, http or https, or is relative to the
// session's base URL; redirects of the handshake are followed. The session's
// total timeout and sock_read bound the handshake only, and so does ctx. Nil
// options are the defaults. What concerns only the handshake's request can be
// said by opts.
//
// The connection holds a slot of the connector until it is closed, which is the
// caller's to do; the end of the connector ends it without ceremony.
//
// A server that refuses is a [*errors.WSServerHandshakeError].
func (s *Session) WebSocket(ctx context.Context, url string, o *ws.Options, opts ...Option) (*ws.Conn, error) {
	if ctx == nil {
		return nil, &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	}
	u, err := parseSocketURL(s.baseURL, url)
	if err != nil {
		return nil, errors.Wrap("WEBSOCKET", nil, err)
	}
	via := s
	if len(opts) > 0 {
		via = s.With(opts...)
	}
	return ws.Dial(ctx, via, u, o)
}

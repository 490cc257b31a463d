package session

import (
	"context"
	"net/http"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/ws"
)

// Request sends a single request without a session: with a connector and a jar
// that exist for it alone, and "Connection: close". Closing the response, or
// reading it to its end, ends them too. (aiohttp: aiohttp.request)
func Request(ctx context.Context, method, url string, opts ...Option) (*Response, error) {
	conn, err := connector.New(connector.Config{ForceClose: true})
	if err != nil {
		return nil, err
	}
	s, err := New(Config{Connector: conn, OwnConnector: true})
	if err != nil {
		return nil, err
	}
	s.oneShot = true
	resp, err := s.Request(ctx, method, url, opts...)
	if err != nil {
		s.Close() // always nil
		return nil, err
	}
	return resp, nil
}

// Get is [Session.Get] without a session; see [Request].
func Get(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodGet, url, opts...)
}

// Head is [Session.Head] without a session; see [Request].
func Head(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodHead, url, opts...)
}

// Post is [Session.Post] without a session; see [Request].
func Post(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodPost, url, opts...)
}

// Put is [Session.Put] without a session; see [Request].
func Put(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodPut, url, opts...)
}

// Patch is [Session.Patch] without a session; see [Request].
func Patch(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodPatch, url, opts...)
}

// Delete is [Session.Delete] without a session; see [Request].
func Delete(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodDelete, url, opts...)
}

// Options is [Session.Options] without a session; see [Request].
func Options(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return Request(ctx, http.MethodOptions, url, opts...)
}

// WebSocket is [Session.WebSocket] without a session: with a connector and a jar that
// exist for this WebSocket alone. The Conn owns them: they end when it does, by
// [ws.Conn.Close], [ws.Conn.CloseNow], or because the peer is gone. (aiohttp:
// aiohttp.ws_connect)
func WebSocket(ctx context.Context, url string, o *ws.Options, opts ...Option) (*ws.Conn, error) {
	s, err := New(Config{})
	if err != nil {
		return nil, err
	}
	c, err := s.WebSocket(ctx, url, o, opts...)
	if err != nil {
		s.Close() // always nil
		return nil, err
	}
	c.OnEnd(func() { s.Close() }) // always nil
	return c, nil
}

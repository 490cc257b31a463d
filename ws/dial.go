package ws

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Doer sends the handshake: a session, an *http.Client, or anything with this
// method. It follows redirects itself, if it does; the body of its 101 response
// has to be an io.ReadWriteCloser.
//
// A body may have more methods. NetConn() net.Conn tells the connection's
// addresses. SetReadDeadline and SetWriteDeadline, if a Read or Write that they
// have interrupted fails with os.ErrDeadlineExceeded and may be tried again, spare
// a change of goroutines for each message; a body over TLS is written without.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Dial opens a WebSocket (aiohttp: ws_connect, ClientSession.ws_connect). The
// URL has the scheme ws, wss, http or https; its fragment is not sent. The
// context, and a Timeout of an *http.Client, bound the handshake only. Nil
// options are the defaults.
//
// The caller closes the Conn; if there is an error there is nothing to close.
//
// A server that answers, but refuses, is an *errors.WSServerHandshakeError with
// its status, its header and the start of its body. A URL or an option that
// cannot be is an errors.ErrInvalidRequest, and nothing is sent. Other errors are
// the doer's.
func Dial(ctx context.Context, doer Doer, url string, opts *Options) (*Conn, error) {
	settled, err := opts.applyDefaults()
	if err != nil {
		return nil, err
	}
	u, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if client, ok := doer.(*http.Client); ok && client.Timeout > 0 {
		// Client.Timeout wraps the body, so that it could not be written to.
		unbound := *client
		unbound.Timeout = 0
		doer = &unbound
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, client.Timeout)
		defer cancel()
	}
	c := newConn(settled)
	h := &handshake{doer: doer, opts: settled, conn: c}
	codec, err := h.dialCodec(ctx, u)
	if err != nil {
		if c.wire != nil {
			c.wire.rwc.Close()
		}
		return nil, err
	}
	c.wake.set, c.wire.out.wake.set = c.wire.deadlineSetters(h.below, h.resp.TLS != nil)
	c.start(codec, h.resp)
	return c, nil
}

// parseURL makes an http or https URL.
func parseURL(raw string) (*url.URL, error) {
	u, err := httprule.ParseURL(raw)
	if err != nil {
		return nil, errors.NewInvalidURL(raw, "cannot be parsed", err)
	}
	switch strings.ToLower(u.Scheme) {
	case "ws", "http":
		u.Scheme = "http"
	case "wss", "https":
		u.Scheme = "https"
	default:
		bad := errors.NewInvalidURL(raw, "is not of the scheme ws, wss, http or https", nil)
		bad.Kind = errors.ErrNonHTTPURLClient
		return nil, bad
	}
	if u.Host == "" {
		return nil, errors.NewInvalidURL(raw, "has no host", nil)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

package middleware

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Origin is the origin of a URL as it is written (RFC 6454 6.2), such as
// "https://example.org" or "http://[::1]:8080": what decides where credentials may go,
// and what [DigestConfig], [BasicAuth] and [Bearer] take. The host is in lower case and in
// Punycode, and the port is left out if it is the scheme's; a WebSocket has the origin of
// its handshake. It is "" for nil, for a URL without a host, and for one that is neither
// of HTTP nor of WebSockets.
func Origin(u *url.URL) string {
	o := httprule.OriginOf(u)
	if o.Host == "" || o.Scheme != "http" && o.Scheme != "https" {
		return ""
	}
	return o.Scheme + "://" + o.Authority()
}

// Idempotent reports whether a request may be sent again without asking: by its method
// (RFC 9110 9.2.2, and QUERY), or because the header Idempotency-Key or X-Idempotency-Key
// vouches for it, be it without a value. [Retry], [Hedge] and the connector go by it.
// Whether its body can be read again is another question.
func Idempotent(req *http.Request) bool { return httprule.Idempotent(req) }

// HostOf is what [Event].Host and [LimitError].Host say of a request's URL: its origin as
// scheme://host:port, in lower case and with the port that the scheme stands for (RFC 6454
// 4). It is empty for a request without a URL.
func HostOf(req *http.Request) string { return originOf(req) }

// PartitionOf is what tells requests apart that may not share tokens, responses and the
// like although they are the same: a client certificate, a pin or a proxy that a session's
// option has given to one request, whose context this is. It is a text that no other way to
// the server has, in this process or in another one, without a secret; the usual way is "".
func PartitionOf(ctx context.Context) string { return httprule.PartitionOf(ctx) }

// ContextError is why a context has ended: an error that is both ctx.Err() and its cause,
// for [errors.Is]; nil while it lasts.
func ContextError(ctx context.Context) error { return httprule.ContextError(ctx) }

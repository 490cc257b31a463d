// Package tunnel asks a proxy, on a connection that somebody else has made to
// it, for a connection to a target: [Connect] with HTTP's CONNECT (RFC 9110
// 9.3.6), [SOCKS5] with SOCKS version 5 (RFC 1928, RFC 1929).
//
// Both take the connection over. When they succeed, the returned connection is
// the tunnel, and the caller closes it; no deadline was set on it. When they
// fail, the connection is closed and there is nothing to close. The end of the
// context ends a call at once, whatever it waits for.
//
// # Errors
//
//	*errors.InvalidRequestError  the target, the header or the user cannot be sent; nothing was
//	*Refused                     an HTTP proxy's answer that is not a tunnel (aiohttp: ClientHttpProxyError)
//	*SOCKSError                  the same of a SOCKS proxy
//	*Error                       everything else: a lost connection, garbage, the context's end
//
// No text of an error holds a header's value, a user or a password.
package tunnel

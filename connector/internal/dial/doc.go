// Package dial makes connections: it resolves names, races to their addresses,
// asks proxies for tunnels and does TLS with its policies and pins. It gives a
// [net.Conn] and what was learnt on the way. It knows no pool, and of HTTP no more
// than what is said to proxies.
//
//	Target ──> resolve ──> race ──> TLS to an https proxy ──> tunnel ──> TLS ──> net.Conn
//	           DNS cache,  RFC 8305                           CONNECT,   policy,
//	           AllowAddr                                      SOCKS 5    pin, ALPN
//
// Everything after the race is done on one connection. If it fails there, the
// address is out and the others race again, unless that cannot help.
//
// # Traces
//
// An [httptrace.ClientTrace] in the context hears of a dial what http.Transport
// would tell it, in the same order: DNSStart and DNSDone for each look-up of a name,
// ConnectStart and ConnectDone for each address, TLSHandshakeStart and
// TLSHandshakeDone for the server's TLS and that of an https proxy. A look-up that
// the cache answers is told like any other, and one that waits for somebody else's
// is Coalesced, so that a name has its DNSDone with its addresses whoever knew them.
// With a Config.DialContext there is only TLS to be told of.
package dial

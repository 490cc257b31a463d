// Package connector owns connections: it makes them, bounds how many are in
// use, keeps them alive between requests, and puts the deadlines of a request
// on the socket that carries it.
//
// A [Connector] is an [http.RoundTripper]. It can be the Transport of any
// [http.Client], the last link of a chain of middlewares, or the engine of a
// session. HTTP itself is net/http's: [http.Request.Write]
// and [http.ReadResponse], called on the goroutine of the request, or an
// [http.ClientConn] for HTTP/2.
// [NewTransport] makes an [http.Transport] that connects likewise.
//
// # Limits
//
// Config.Limit bounds the requests under way, over all hosts, and
// Config.LimitPerHost those to one host, whatever the protocol: a stream of HTTP/2
// takes a slot as a connection of HTTP/1 does. A request is under way from the
// dial, or from having its connection, until its response was read to its end or
// closed; an upgraded connection (WebSocket) until it is closed. Both limits are
// taken together, so a request that waits for a full host holds nothing that others
// could use. Those who wait are served in the order in which they came; those whose
// host is full are passed over. Who keeps hundreds of long streams sets Limit to -1.
//
// Idle connections take no slot. Config.MaxIdle bounds them, and when the process
// runs out of file descriptors some are closed for a new one. Of HTTP/1 none has a
// goroutine or a buffer where the system can look at a socket; that their server
// has closed them is noticed within a second, and always before they are used.
//
// # Timeouts
//
// [ClientTimeout] has four of them. They come from the Settings in the
// request's context ([WithSettings]), and field by field from Config.Timeout
// where those say nothing. An idle connection has no deadline.
//
// # Addresses
//
// A name is looked up once in ten seconds (Config.DNSCacheTTL), by many requests
// together. Its addresses are tried by turns, the next one beside one that has not
// answered within 250 ms (RFC 8305). Config.AllowAddr is asked about each of them:
// [RefusePrivate] lets only the public internet pass.
//
// # TLS and proxies
//
// Certificates are verified, from TLS 1.2 on, unless Config.TLS, Insecure or a [Pin]
// says otherwise; a request can say so too ([Settings]). Proxies are those of
// Config.Proxy, or of the environment with Config.TrustEnv. Requests share a
// connection only if host, TLS policy and proxy are the same.
//
// # HTTP/2
//
// It is negotiated with https servers unless Config.Protocols says otherwise; a
// request with an Upgrade header, and one that asks for it, gets HTTP/1. A
// burst to one host makes one connection at a time, and the next one only when the
// streams of the last are taken. Each stream has the timeouts of its own request,
// and what ends one leaves the others alone. A request that the server
// says not to have looked at (REFUSED_STREAM, GOAWAY) is sent again whatever its
// method, after a moment, if its body can be replayed. With Config.ForceClose nothing is
// shared.
//
// # Stale connections
//
// A server may close a kept connection at the moment when a request is sent on
// it. If nothing of a response has arrived, and the request is idempotent or
// nothing of it was sent, and its body can be replayed, the request is sent
// once more on a fresh connection. Config.DisableStaleRetry turns that off.
//
// # Traces
//
// Beside [Trace], an [httptrace.ClientTrace] in a request's context hears how a
// connection is made, as from net/http: DNSStart and DNSDone for each name, also
// where the cache has the addresses or another request is asking (Coalesced), but
// not for literal addresses; ConnectStart and ConnectDone for each address that is
// tried, unless Config.DialContext does it; TLSHandshakeStart and TLSHandshakeDone
// for the server and for an https proxy. The rest is net/http's, such as GotConn and
// GotFirstResponseByte; PutIdleConn is not called with HTTP/2.
//
// # Names
//
// aiohttp's TCPConnector is [Connector], ClientTimeout is [ClientTimeout], and
// its limit, limit_per_host, keepalive_timeout and force_close are fields of
// [Config].
package connector

// The words of this package and those below internal, one for each thing:
//
//	finish    ends an exchange: its connection and slot are given back, once (exchange.finish)
//	End       ends the part of h1 or h2 in an exchange, on its connection or stream
//	release   gives a slot back, and with it the use of a connection (pool.Release)
//	forfeit   gives the slot of a dial back that has made no connection (pool.Forfeit)
//	close     closes a connection, or a body
//	forget    takes note that a connection was closed (pool.Forget)
//	retire    gives a connection of HTTP/2 no further streams: it is closed after its last
//	drain     reads the rest of a body, so that its connection can be kept
//	shut down ends the pool once all slots are released
//	peek      asks a socket what it has, without waiting and without taking it
//	waiter    in h1 the goroutine that reads from an idle connection without a socket to peek
//	          at; in pool a request in the queue

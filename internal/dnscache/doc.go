// Package dnscache remembers the addresses of hosts for a while, so that not
// every new connection asks a name server (aiohttp: the DNS cache of
// TCPConnector).
//
// An answer is kept for a fixed time, which is not the TTL of the DNS record:
// [net.Resolver] does not tell it. Each look-up returns the addresses rotated by
// one more, so that connections spread over them. Look-ups of the same host and
// port that are under way at the same time are one; it ends with its own
// timeout, and goes on when those who wait for it leave. Failures are not kept.
package dnscache

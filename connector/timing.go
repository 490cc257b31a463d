package connector

import "time"

// Timing tells where the time of one exchange went. A phase that did not
// happen (no DNS look-up for an IP address, nothing at all for a reused
// connection) is zero. The phases follow each other without overlap.
type Timing struct {
	// Start is when the exchange began.
	Start time.Time
	// Queue is the wait for a free slot of the connector.
	Queue time.Duration
	// DNS, Connect and TLS are the parts of making a new connection.
	DNS, Connect, TLS time.Duration
	// CachedDNS says that the addresses came from the cache.
	CachedDNS bool
	// Request is the time from having a connection to the last byte of the
	// request that was written before the response's head arrived.
	Request time.Duration
	// FirstByte is the wait from there to the response's head.
	FirstByte time.Duration
	// Body is the time from the head to the body's end or Close.
	Body time.Duration
	// Total is all of it.
	Total time.Duration
	// Reused says that the connection had served another request before.
	Reused bool
	// Retried says that a stale connection was replaced by a fresh one.
	Retried bool
	// Remote is the peer's address, for example "192.0.2.1:443".
	Remote string
	// Received and Sent count the exchange's bytes on the connection, heads
	// included, above TLS, as far as it has come: a response may begin before its
	// request has been sent. With HTTP/2, where they have no owners, both are 0.
	Received, Sent int64
}

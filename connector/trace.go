package connector

import "github.com/aiolos-http/aiolos/connector/internal/dial"

// Trace has the functions that are called while a connection is found or made
// for a request, in this order; any of them may be nil. They are called by the
// goroutine of the request, must not block, and must not panic. It is given to
// [Settings]. (aiohttp: TraceConfig)
type Trace struct {
	// QueuedStart and QueuedEnd are called if the request has to wait for a
	// slot, or for another request's connection.
	QueuedStart, QueuedEnd func()
	// CreateStart is called before a connection is made, CreateEnd once there is
	// one.
	CreateStart, CreateEnd func()
	// DNSCacheHit is called if the addresses are known, or if another request is
	// asking for them already; otherwise it is DNSCacheMiss, ResolveStart and,
	// when there is an answer, ResolveEnd. There are none for literal addresses
	// and for the names of proxies.
	DNSCacheHit, DNSCacheMiss, ResolveStart, ResolveEnd func(host string)
	// Reused is called if an idle connection, or a stream of one in use, serves
	// the request.
	Reused func()
	// Retried is called when a stale connection is replaced.
	Retried func()
}

func callHook(hook func()) {
	if hook != nil {
		hook()
	}
}

// noTrace is that of most requests.
var noTrace Trace

// lookupHooks are the functions for what the dialer looks up; nil if nobody asks.
func (t *Trace) lookupHooks() *dial.LookupHooks {
	if t == &noTrace {
		return nil
	}
	return &dial.LookupHooks{Hit: t.DNSCacheHit, Miss: t.DNSCacheMiss, Start: t.ResolveStart, End: t.ResolveEnd}
}

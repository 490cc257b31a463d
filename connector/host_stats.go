package connector

import (
	"cmp"
	"slices"
	"time"
)

// HostStats are the numbers of one host: first what is, then what has been since the
// connector knows it. It knows a host as long as a request to it is under way or
// waits, or a connection is kept for the next one; then the counts are forgotten, and
// those of [Stats] go on.
//
// A host that is reached in several ways has one HostStats for each: directly and
// through a proxy, with a TLS policy of a request's own, and without HTTP/2.
type HostStats struct {
	Scheme string `json:"scheme"`          // "http" or "https"
	Host   string `json:"host"`            // "host:port"
	Proxy  string `json:"proxy,omitempty"` // "scheme://host:port", without credentials; "": none

	InUse   int `json:"in_use"`  // requests under way, which hold a slot each
	Dialing int `json:"dialing"` // of those, requests that make a connection
	Idle    int `json:"idle"`    // connections kept for the next request
	Waiting int `json:"waiting"` // requests that wait for a slot
	// OldestWait is how long the first of those has waited; 0: nobody waits.
	OldestWait time.Duration `json:"oldest_wait"`
	// WaitsFor is what they wait for; "": nobody waits.
	WaitsFor WaitReason `json:"waits_for,omitempty"`
	// HTTP1 and HTTP2 are the connections by their protocol. InUse is Dialing and
	// the InUse of both.
	HTTP1 ProtocolStats `json:"http1"`
	HTTP2 ProtocolStats `json:"http2"`

	Opened  uint64 `json:"opened"`  // connections made
	Closed  uint64 `json:"closed"`  // of those, closed again
	Reused  uint64 `json:"reused"`  // requests that found a connection
	Retried uint64 `json:"retried"` // requests sent again because that was dead, or refused them
}

// ProtocolStats are the connections of one protocol.
type ProtocolStats struct {
	Open  int `json:"open"`   // connections
	Idle  int `json:"idle"`   // of those, kept for the next request
	InUse int `json:"in_use"` // requests on the others: with HTTP/2 several on one
}

// WaitReason is what a request waits for before it gets a connection.
type WaitReason string

// What requests wait for.
const (
	WaitLimit        WaitReason = "limit"          // Config.Limit is reached
	WaitLimitPerHost WaitReason = "limit per host" // Config.LimitPerHost is reached
	// WaitConnection is a connection that another request is making, and that may
	// serve this one too (HTTP/2), or one that has no free stream for now.
	WaitConnection WaitReason = "connection"
)

// HostStats returns the numbers of each host, sorted by Host, Scheme and Proxy, and the
// [Stats] of the same moment: their sums are InUse, Idle, Waiting and Hosts. There are
// as many as the connector knows hosts. It takes about a quarter of a microsecond for
// each of them and its connection, during which no other request gets one: call it every
// few seconds, and not for each request. It costs nothing while nobody calls it.
func (c *Connector) HostStats() ([]HostStats, Stats) {
	hosts, total := c.pool.HostStats()
	all := make([]HostStats, len(hosts))
	for i, h := range hosts {
		s := &all[i]
		*s = HostStats{
			Scheme: h.Key.Scheme(), Host: h.Key.Addr(), Proxy: h.Key.ProxyAddr(),
			InUse: h.InUse, Dialing: h.Dialing, Idle: h.Single.Idle + h.Multi.Idle,
			Waiting: h.Waiting, OldestWait: h.Oldest,
			HTTP1:  ProtocolStats{h.Single.Open, h.Single.Idle, h.Single.Active},
			HTTP2:  ProtocolStats{h.Multi.Open, h.Multi.Idle, h.Multi.Active},
			Opened: h.Opened, Closed: h.Closed, Reused: h.Reused, Retried: h.Retried,
		}
		if h.Waiting > 0 {
			s.WaitsFor = c.waitReason(total.InUse, h.InUse)
		}
	}
	slices.SortFunc(all, func(a, b HostStats) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Scheme, b.Scheme), cmp.Compare(a.Proxy, b.Proxy))
	})
	return all, c.statsOf(total)
}

// waitReason is what requests to a host wait for, of whose slots, and of all, so many
// are in use.
func (c *Connector) waitReason(inUse, hostInUse int) WaitReason {
	switch {
	case c.config.Limit > 0 && inUse >= c.config.Limit:
		return WaitLimit
	case c.config.LimitPerHost > 0 && hostInUse >= c.config.LimitPerHost:
		return WaitLimitPerHost
	}
	return WaitConnection
}

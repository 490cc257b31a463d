package session

import (
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// ClientTimeout holds the four timeouts of a request (aiohttp: ClientTimeout).
// A zero field inherits (a request from its session, a session from
// [DefaultTimeout]), a negative one is off.
type ClientTimeout = connector.ClientTimeout

// Timing tells where the time of a request went.
type Timing = connector.Timing

// Default timeouts.
const (
	DefaultTotal       = 5 * time.Minute
	DefaultSockConnect = connector.DefaultSockConnect
)

// DefaultTimeout is what a session uses where its Config says nothing: five
// minutes in total, thirty seconds for connecting to an address.
func DefaultTimeout() ClientTimeout {
	return ClientTimeout{Total: DefaultTotal, SockConnect: DefaultSockConnect}
}

// mergeTimeouts makes the timeouts of a request final. The default of Total must not
// cut a longer timeout that somebody asked for by name, so it grows to the
// longest of them (aiohttp does that to any Total).
func mergeTimeouts(t ClientTimeout, fallback ClientTimeout) ClientTimeout {
	if t.Total == 0 && fallback.Total > 0 {
		fallback.Total = max(fallback.Total, t.Connect, t.SockConnect, t.SockRead)
	}
	return t.Inherit(fallback)
}

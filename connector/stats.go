package connector

import "github.com/aiolos-http/aiolos/connector/internal/pool"

// Stats is a snapshot of a connector: first what is, then what has been.
type Stats struct {
	InUse   int `json:"in_use"`  // requests under way, which hold a slot each
	Unread  int `json:"unread"`  // of those, responses that are neither read to their end nor closed
	Idle    int `json:"idle"`    // connections kept for the next request
	Waiting int `json:"waiting"` // requests that wait for a slot
	Hosts   int `json:"hosts"`   // hosts of which any of these is known

	Opened  uint64 `json:"opened"`  // connections made
	Closed  uint64 `json:"closed"`  // of those, closed again
	Reused  uint64 `json:"reused"`  // requests that found a connection
	Retried uint64 `json:"retried"` // requests sent again because that was dead, or refused them
}

// Stats returns the connector's present numbers. It takes the same time however many
// hosts there are; for each of them there is [Connector.HostStats].
func (c *Connector) Stats() Stats { return c.statsOf(c.pool.Stats()) }

func (c *Connector) statsOf(s pool.Stats) Stats {
	return Stats{
		InUse: s.InUse, Unread: int(c.unread.Load()), Idle: s.Idle, Waiting: s.Waiting, Hosts: s.Hosts,
		Opened: s.Opened, Closed: s.Closed, Reused: s.Reused, Retried: s.Retried,
	}
}

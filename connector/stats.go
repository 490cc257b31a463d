package connector

// Stats is a snapshot of a connector: first what is, then what has been.
type Stats struct {
	InUse   int `json:"in_use"`  // connections and dials that hold a slot
	Idle    int `json:"idle"`    // connections kept for the next request
	Waiting int `json:"waiting"` // requests that wait for a slot
	Hosts   int `json:"hosts"`   // hosts of which any of these is known

	Opened  uint64 `json:"opened"`  // connections made
	Closed  uint64 `json:"closed"`  // of those, closed again
	Reused  uint64 `json:"reused"`  // requests that found an idle connection
	Retried uint64 `json:"retried"` // requests sent again because that was dead
}

// Stats returns the connector's present numbers.
func (c *Connector) Stats() Stats {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		InUse: p.inUse, Idle: p.idle, Waiting: p.waiting, Hosts: len(p.hosts),
		Opened: p.counts.opened, Closed: p.counts.closed,
		Reused: p.counts.reused, Retried: p.counts.retried,
	}
}

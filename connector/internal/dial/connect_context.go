package dial

import (
	"context"
	"time"
)

// connectContext is a context with an earlier deadline and no timer: its Done is that of the
// one below. It is for package net, which gives the deadline of whatever has a Done to the
// socket that it connects.
//
// A timer that was stopped stays with the runtime until there are many of them, and what it
// leads to with it. It lies among what a request leaves behind, whose memory is then not given
// back: with one for each connection an idle connection would take half as much again.
type connectContext struct {
	context.Context //nolint:containedctx // it is a context itself
	ends            time.Time
}

// Deadline is its own.
func (c *connectContext) Deadline() (time.Time, bool) { return c.ends, true }

// Err is that of the context below, or says that the deadline has passed.
func (c *connectContext) Err() error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if time.Now().Before(c.ends) {
		return nil
	}
	return context.DeadlineExceeded
}

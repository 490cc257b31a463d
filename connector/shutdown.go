package connector

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
)

// Shutdown ends the connector in order: further requests fail with
// [errors.ErrConnectorClosed], those under way end by themselves, with their bodies,
// and so do those that wait in the queue. Idle connections are closed at once, the
// others as they become free. When none is left Shutdown does what [Connector.Close]
// does, and returns nil.
//
// If ctx ends before, Shutdown returns its cause. Then the connector stays shut for new
// requests, and what is under way goes on: call Close to break it, or Shutdown again to
// go on waiting. An upgraded connection (WebSocket) is under way until it is closed, and
// a response until somebody reads it to its end or closes it.
//
// Shutdown may be called several times, concurrently, and after Close.
func (c *Connector) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	}
	select {
	case <-c.pool.Shutdown():
		return c.Close()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

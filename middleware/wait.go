package middleware

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// waitContext waits for d, or until the context is done: then it returns the error of
// that, with its cause.
func waitContext(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return httprule.ContextError(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return httprule.ContextError(ctx)
	}
}

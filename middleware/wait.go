package middleware

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// NoteWait says that a request waits in a middleware, and for what, for whoever looks: see
// [session.CallInfo]. The text is one of few, such as the name of a policy. The caller calls
// done when the wait is over. It costs a look into ctx, which is the request's, so it is for
// requests that have to wait.
//
// [session.CallInfo]: https://pkg.go.dev/github.com/aiolos-http/aiolos/session#CallInfo
func NoteWait(ctx context.Context, what string) (done func()) {
	if n, ok := ctx.Value(httprule.WaitKey{}).(httprule.WaitNoter); ok {
		return n.NoteWait(what)
	}
	return func() {}
}

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

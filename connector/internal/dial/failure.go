package dial

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

// grace is how much sooner than a context a socket may learn of their common
// deadline.
const grace = 100 * time.Millisecond

// AwaitDeadline waits for a context whose deadline is past: a socket with the same
// deadline may have been told a moment sooner.
func AwaitDeadline(ctx context.Context) {
	deadline, ok := ctx.Deadline()
	if !ok || ctx.Err() != nil || time.Now().Before(deadline) {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(grace):
	}
}

// Failure gives an error of [Dialer.Dial] its class. Of all addresses together, and
// of one that is refused, only the endpoint knows it.
func Failure(err error, at classify.Endpoint) error {
	_, several := errors.AsType[*happyeyeballs.Error](err)
	if several || errors.Is(err, errors.ErrAddressRefused) {
		return classify.ForceConnectFailure(err, at)
	}
	return classify.ConnectFailure(err, at)
}

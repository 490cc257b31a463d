package tunnel

import (
	"context"
	"net"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

// longAgo is a deadline that has passed on every clock.
var longAgo = time.Unix(1, 0)

// withContext runs f, which reads and writes nc, and makes that fail as soon
// as ctx is done. If it returns nil then no deadline was set on nc, and none will
// be; otherwise nc is closed.
func withContext(ctx context.Context, nc net.Conn, op string, f func() error) error {
	if ctx.Err() != nil {
		tlsclose.Abort(nc)
		return contextError(ctx, op)
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		interruptIO(nc)
	})
	err := f()
	if !stop() {
		<-interrupted
		// An answer that had come counts for more than the end of the waiting.
		if refused := (*Refused)(nil); !errors.As(err, &refused) {
			err = contextError(ctx, op)
		}
	}
	if err != nil {
		tlsclose.Abort(nc)
	}
	return err
}

// interruptIO ends what is under way on nc, now and later.
func interruptIO(nc net.Conn) {
	if nc.SetDeadline(longAgo) != nil {
		nc.Close() // without deadlines there is no other way
	}
}

package connector

import (
	stderrors "errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// maxRefusals is how often a request that was refused is sent, and refusalWait how long it
// waits before the second time, and twice as long before each further: 1.3 seconds in all.
const (
	maxRefusals = 9
	refusalWait = 5 * time.Millisecond
)

// pauseAfterRefusal waits before a request that was refused is sent again: a server that refuses
// streams has too much to do. It holds no slot meanwhile. The error is refusal if there is no
// time for that, or what has ended the wait.
func (x *exchange) pauseAfterRefusal(attempt int, refusal error) error {
	wait := refusalWait << (attempt - 1)
	wait += time.Duration(rand.Int64N(int64(wait))) / 2 //nolint:gosec // so that not all come at once
	if total := x.settings.Total; !total.IsZero() && time.Until(total) <= wait {
		return refusal
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-x.ctx.Done():
		return x.contextError()
	case <-x.c.pool.Done():
		return errors.ErrConnectorClosed
	}
}

// shouldRetry reports whether a request that failed is sent once more. One that
// was refused may be so again, by the next connection.
func (x *exchange) shouldRetry(refused bool, attempt int, err error) bool {
	if refused {
		return attempt < maxRefusals && x.retry && x.ctx.Err() == nil && x.upload.Err() == nil
	}
	return attempt == 1 && x.isStale(err)
}

// isStale reports whether the connection was dead before the request reached the
// peer, so that sending it again on another one cannot do it twice, or does no
// harm (RFC 9110 9.2.2). The error says too little: a dead connection shows as
// EOF, a reset, a broken pipe or worse.
func (x *exchange) isStale(err error) bool {
	if !x.retry || !x.reused || x.ctx.Err() != nil || x.upload.Err() != nil {
		return false
	}
	if x.h2 != nil {
		// It shows in net/http that the connection is gone, and not just a stream.
		return httprule.Idempotent(x.request) && x.conn.h2.CheckIdle() != nil
	}
	f := x.h1.Facts()
	if isDeadline(f.ReadErr) {
		return false
	}
	if err == errIdleTimeout {
		return httprule.Idempotent(x.request)
	}
	if f.Received > 0 || httprule.Idempotent(x.request) {
		return f.Received == 0
	}
	x.conn.h1.Close() // else a write may begin behind the look
	return x.h1.AwaitUnsent()
}

func isDeadline(err error) bool {
	return stderrors.Is(err, h1.ErrTotalTimeout) || stderrors.Is(err, h1.ErrReadTimeout)
}

// errIdleTimeout is a 408 that closes, on a connection that has served before: the server
// speaks of the time before the request, which it may not have seen (RFC 9110 15.5.9).
var errIdleTimeout = stderrors.New("the server has closed the idle connection, with 408 Request Timeout")

// isIdleTimeout reports whether a response is what errIdleTimeout stands for.
func (x *exchange) isIdleTimeout(resp *http.Response) bool {
	return x.reused && resp.StatusCode == http.StatusRequestTimeout && resp.Close
}

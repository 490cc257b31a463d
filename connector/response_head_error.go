package connector

import (
	stderrors "errors"
	"net"
	"os"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// headError gives a failed send its class.
func (x *exchange) headError(err error) error {
	if own := x.contextError(); own != nil {
		return own
	}
	phase := errors.PhaseResponse
	if x.isSending() {
		phase = errors.PhaseRequest
	}
	var facts h1.Facts
	var struck error
	if x.h2 != nil {
		struck = x.h2.Facts().Ended
	} else {
		facts = x.h1.Facts()
		struck = facts.ReadErr
		if stderrors.Is(facts.WriteErr, os.ErrDeadlineExceeded) {
			struck = h1.ErrTotalTimeout
		}
	}
	switch {
	case stderrors.Is(struck, h1.ErrTotalTimeout):
		return x.totalTimeoutError(phase)
	case stderrors.Is(struck, h1.ErrReadTimeout):
		return x.readTimeoutError(phase)
	case x.upload.Err() != nil:
		return &errors.ClientOSError{Op: "read request body", Err: x.upload.Err()}
	}
	if bad, ok := stderrors.AsType[*h1.SendError](err); ok {
		return &errors.ClientOSError{Op: "send request", Err: bad.Err}
	}
	switch {
	case x.c.pool.Closed():
		return errors.ErrConnectorClosed
	case err == errIdleTimeout || err == h1.ErrDied:
		return &errors.ServerDisconnectedError{Host: x.key.Addr(), Err: err}
	}
	if bad, ok := stderrors.AsType[*rawhead.Error](stderrors.Join(facts.ReadErr, err)); ok {
		return x.badHeadError(bad)
	}
	if bad, ok := stderrors.AsType[*h1.HeadError](err); ok {
		return x.badHeadError(bad)
	}
	if stderrors.Is(facts.ReadErr, net.ErrClosed) {
		facts.ReadErr = nil // it was our side that closed
	}
	told := x.errorDetails()
	told.Received, told.ReadErr = facts.Received, facts.ReadErr
	return classify.HeadFailure(err, told)
}

// isSending reports whether the request is still being sent, or could not be.
func (x *exchange) isSending() bool {
	if x.h2 == nil {
		return x.h1.Unsent()
	}
	return x.h2.Unsent()
}

// badHeadError is the error for a response whose head breaks a limit or a rule.
func (x *exchange) badHeadError(cause error) error { return classify.BadHead(cause, x.errorDetails()) }

// errorDetails is what an error of the tree tells of the exchange.
func (x *exchange) errorDetails() classify.Exchange {
	return classify.Exchange{Host: x.key.Addr(), Info: classify.RequestInfo(x.request)}
}

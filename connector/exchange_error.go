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
	if x.unsent() {
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
		return x.totalTimeout(phase)
	case stderrors.Is(struck, h1.ErrReadTimeout):
		return x.readTimeout(phase)
	case x.upload.Err() != nil:
		return &errors.ClientOSError{Op: "read request body", Err: x.upload.Err()}
	}
	if bad, ok := stderrors.AsType[*h1.SendError](err); ok {
		return &errors.ClientOSError{Op: "send request", Err: bad.Err}
	}
	switch {
	case x.c.pool.Closed():
		return errors.ErrConnectorClosed
	case err == errIdleTimeout:
		return &errors.ServerDisconnectedError{Host: x.key.Addr(), Err: err}
	}
	if bad, ok := stderrors.AsType[*rawhead.Error](stderrors.Join(facts.ReadErr, err)); ok {
		return x.badHead(bad)
	}
	if bad, ok := stderrors.AsType[*h1.HeadError](err); ok {
		return x.badHead(bad)
	}
	if stderrors.Is(facts.ReadErr, net.ErrClosed) {
		facts.ReadErr = nil // it was our side that closed
	}
	told := x.forError()
	told.Received, told.ReadErr = facts.Received, facts.ReadErr
	return classify.HeadFailure(err, told)
}

// unsent reports whether the request was still being sent.
func (x *exchange) unsent() bool {
	if x.h2 == nil {
		return x.h1.Unsent()
	}
	return x.h2.Unsent()
}

// badHead is a response whose head breaks a limit or a rule.
func (x *exchange) badHead(cause error) error { return classify.BadHead(cause, x.forError()) }

// forError is what an error tells of the exchange.
func (x *exchange) forError() classify.Exchange {
	return classify.Exchange{Host: x.key.Addr(), Info: classify.RequestInfo(x.orig)}
}

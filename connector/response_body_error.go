package connector

import (
	stderrors "errors"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

func (x *exchange) failRead(err error) error {
	if !x.closed.Load() {
		err = x.bodyError(err)
	} else {
		err = errors.ErrConnectionClosed
	}
	x.closeBody()
	x.readErr = err
	x.finish(false)
	x.releaseReader()
	return err
}

// bodyError gives a failed read its class.
func (x *exchange) bodyError(err error) error {
	if own := x.contextError(); own != nil {
		return own
	}
	var struck error
	if x.h2 != nil {
		struck = x.h2.Facts().Ended
	} else {
		struck = x.h1.Facts().ReadErr
	}
	switch {
	case stderrors.Is(err, h1.ErrTotalTimeout) || stderrors.Is(struck, h1.ErrTotalTimeout):
		return x.totalTimeoutError(errors.PhaseBody)
	case stderrors.Is(err, h1.ErrReadTimeout) || stderrors.Is(struck, h1.ErrReadTimeout):
		return x.readTimeoutError(errors.PhaseBody)
	case x.c.pool.Closed():
		return errors.ErrConnectorClosed
	}
	return classify.BodyFailure(err, x.received, x.expected)
}

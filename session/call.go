package session

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// The words of this package: a call is finished (finish), once, when its response was
// read to the end, was closed, or never came; a body is closed; a session is shut down,
// and then closed; a hop is followed (followRedirect) and becomes history. What the
// caller has said is resolved (resolve.go) before anything is sent.

// call is one call of the session, with all its hops and its response. What every
// call needs is here, in one piece of memory with the request and the response;
// what few need is behind a pointer.
type call struct {
	s      *Session
	opts   *options // the session's own until they change: see changeOptions
	method string
	url    *url.URL
	ctx    callContext
	total  *totalContext // keeps the total timeout where no connector does; nil: not needed
	trace  *tracing
	extra  *extras // nil: none

	address url.URL      // room for the url of the first hop
	req     http.Request // of the first hop
	sent    *http.Request
	resp    Response
	ended   atomic.Bool

	answered bool // the response is the caller's, and its body ends the call
	failed   bool // whoever listens was told that it has failed
}

// extras is what few calls have.
type extras struct {
	history      []*Response        // the hops before the present one
	first        errors.RequestInfo // of the first, if there are several
	cookieHeader []string           // the caller's own
	watch        watch
	inspected    *inspected         // nil: nobody inspects
	cancel       context.CancelFunc // of the watch over a native request's Cancel, or nil
}

// A call is allocated together with what it needs, as one object:
type (
	connectorCall struct {
		call
		notes connector.Recorder
	}
	foreignCall struct {
		call
		timeout totalContext
	}
)

// newCall begins a call, which finish has to end. changes says that its options will
// not be the session's.
func (s *Session) newCall(changes bool) *call {
	var c *call
	var own *options
	switch {
	case s.connector != nil && changes:
		x := new(struct {
			connectorCall
			own options
		})
		c, own = &x.call, &x.own
		c.ctx.settings.Recorder = &x.notes
	case s.connector != nil:
		x := new(connectorCall)
		c = &x.call
		c.ctx.settings.Recorder = &x.notes
	case changes:
		x := new(struct {
			foreignCall
			own options
		})
		c, own = &x.call, &x.own
		c.total = &x.timeout
	default:
		x := new(foreignCall)
		c = &x.call
		c.total = &x.timeout
	}
	s.beginCall()
	c.s, c.opts = s, &s.base
	c.ctx.session, c.ctx.settings.Started = s, time.Now()
	if changes {
		*own = s.base
		c.opts = own
	}
	return c
}

// recorder returns the call's Recorder; nil with a foreign Transport.
func (c *call) recorder() *connector.Recorder { return c.ctx.settings.Recorder }

// changeOptions returns options that are the call's own, so that they may be changed.
func (c *call) changeOptions() *options {
	if c.opts == &c.s.base {
		own := c.s.base
		c.opts = &own
	}
	return c.opts
}

// ensureExtras returns the call's extras, and makes them if there are none.
func (c *call) ensureExtras() *extras {
	if c.extra == nil {
		c.extra = new(extras)
	}
	return c.extra
}

// redirectHistory is the responses that were redirects.
func (c *call) redirectHistory() []*Response {
	if c.extra == nil {
		return nil
	}
	return c.extra.history
}

// discardUnsent finishes a call of which nothing was sent, and closes its body.
func (c *call) discardUnsent() {
	if b := c.opts.body; b != nil && b.discard != nil {
		b.discard()
	}
	c.finish()
}

// finish gives back what the call holds beside the connection. Only the first time
// counts.
func (c *call) finish() {
	if c.claimFinish() {
		c.releaseAll()
	}
}

// finishUnanswered finishes a call that returns no response. It is deferred, so that a
// panic finishes it too, and whoever was told of the beginning is told of that end.
func (c *call) finishUnanswered() {
	if c.answered {
		return
	}
	if !c.failed {
		_ = c.failCall(errPanicked) // the caller has the panic
	}
	c.finish()
}

var errPanicked = errors.New("a middleware has panicked")

// claimFinish reports whether it is called for the first time: the caller then has to
// call releaseAll.
func (c *call) claimFinish() bool { return !c.ended.Swap(true) }

func (c *call) releaseAll() {
	c.releaseResources()
	if c.s.oneShot {
		c.s.Close() // always nil
	}
}

// releaseResources is releaseAll, but leaves a session that was made for this call
// open.
func (c *call) releaseResources() {
	c.finishBody()
	if c.total != nil {
		c.total.stop()
	}
	if x := c.extra; x != nil {
		x.release()
	}
	if c.trace != nil {
		c.trace.cancel(nil)
	}
	c.s.endCall()
}

func (x *extras) release() {
	if x.inspected != nil {
		x.inspected.finish()
	}
	if x.cancel != nil {
		x.cancel()
	}
}

// finishBody says that the body will not be sent again.
func (c *call) finishBody() {
	if b := c.opts.body; b != nil && b.finish != nil {
		b.finish()
	}
}

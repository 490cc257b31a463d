package session

import (
	"context"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// resolveRequest brings URL, credentials and times into their final form.
func (c *call) resolveRequest(ctx context.Context) error {
	o := c.opts
	if o.query != "" {
		c.url.RawQuery, c.url.ForceQuery = joinQuery(c.url.RawQuery, o.query), false
	}
	if o.auto&autoAcceptEncoding != 0 && o.has("Range") {
		// A part of an encoded representation cannot be decoded.
		delete(c.changeOptions().ownHeader(), "Accept-Encoding")
	}
	if value, ok := c.takeUser(c.url); ok {
		if o.has("Authorization") {
			return &errors.InvalidRequestError{Field: "Authorization", Reason: "given as a header and in the URL"}
		}
		c.changeOptions().setHeader("Authorization", value)
	}
	if err := c.resolveBody(); err != nil {
		return err
	}
	return c.resolveTimeouts(ctx)
}

// resolveBody applies the options that change the body: boundary, compression, length.
func (c *call) resolveBody() error {
	if c.opts.body != nil {
		o := c.changeOptions()
		if err := o.resolveBoundary(); err != nil {
			return err
		}
		if err := o.resolveCompress(); err != nil {
			return err
		}
	}
	if c.opts.has("Content-Length") {
		return c.resolveLength()
	}
	return nil
}

// resolveTimeouts sets the deadline of the whole call, and the context that carries
// it to the connector.
func (c *call) resolveTimeouts(ctx context.Context) error {
	t := mergeTimeouts(c.opts.timeout, DefaultTimeout())
	if r := c.opts.client; r != nil && r.requote {
		requoteAsYarl(c.url)
	}
	c.ctx.Context = ctx
	set := &c.ctx.settings
	set.Timeout = t
	set.Timeout.Total = -1 // the deadline says it for all hops
	set.TrustEnv = c.s.trustEnv
	c.setDeadline(t.Total)
	if w := c.opts.wire; w != nil {
		if err := w.applySettings(set); err != nil {
			return err
		}
	}
	if c.s.connector == nil && !c.s.mock {
		if err := c.opts.checkForeign(); err != nil {
			return err
		}
	}
	if len(c.s.traces) > 0 { // last: whoever was told of the beginning is told of the end
		c.trace = newTracing(c)
		c.ctx.Context, set.Trace = c.trace.connectorTrace(c.ctx.Context)
	}
	if i := c.s.inspector.Load(); i != nil {
		c.beginInspection(i)
	}
	return nil
}

// setDeadline has the call end after its total timeout, if it has one.
func (c *call) setDeadline(total time.Duration) {
	switch {
	case total <= 0:
		c.total = nil
		return
	case c.total == nil && c.passesMiddleware():
		c.total = new(totalContext)
	}
	c.ctx.settings.Deadline = c.ctx.settings.Started.Add(total)
	if c.total != nil {
		c.total.Context, c.total.settings = c.ctx.Context, &c.ctx.settings
		c.total.byDefault = c.opts.timeout.Total == 0
		c.ctx.Context = c.total
	}
}

// resolveLength takes a Content-Length header of the caller's as the length of a
// body that does not know its own. net/http writes the header, and makes it an
// error if the body turns out to be shorter or longer.
func (c *call) resolveLength() error {
	o := c.changeOptions()
	values := o.header["Content-Length"]
	delete(o.ownHeader(), "Content-Length")
	n, err := strconv.ParseInt(values[len(values)-1], 10, 64)
	length := int64(0)
	if o.body != nil {
		length = o.body.length
	}
	switch {
	case o.wire != nil && o.wire.chunked:
		return &errors.InvalidRequestError{Field: "header Content-Length", Reason: "cannot be set together with Chunked"}
	case err != nil || length >= 0 && length != n:
		return &errors.InvalidRequestError{Field: "header Content-Length", Reason: "not the length of the body"}
	case length < 0:
		b := *o.body
		b.length = n
		o.body = &b
	}
	return nil
}

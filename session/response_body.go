package session

import (
	"context"
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/progress"
)

// responseBody is the body that a caller reads: decoded, counted, bounded, and with
// errors that name the request. It is a field of its Response.
type responseBody struct {
	call     *call
	src      io.ReadCloser
	limit    int64 // bytes; 0 or less: none
	total    int64 // expected, or -1
	done     int64
	chunks   bool           // see [HTTPChunks]
	decoding *decoding      // nil: none
	meter    *downloadMeter // nil: nobody wants to know
}

// decoding is the source of a body's decoder.
type decoding struct {
	io.ReadCloser
	n      int64         // what has come in
	total  int64         // expected, or -1
	body   *responseBody // whose chunks are watched; nil: nobody asks for them
	passed int64         // how much was decoded when the last chunk had ended
}

// Read reads and counts.
func (d *decoding) Read(p []byte) (int, error) {
	if d.body != nil {
		d.body.passChunk()
	}
	n, err := d.ReadCloser.Read(p)
	d.n += int64(n)
	return n, bodyError(err, d.n, d.total)
}

// openResponse puts the session's body around net/http's.
func (c *call) openResponse(r *Response) {
	native := r.Response
	switch {
	case native.StatusCode == http.StatusSwitchingProtocols:
		// The body is a connection, which its taker uses and closes.
		if c.claimFinish() {
			c.releaseResources()
		}
		return
	case native.Body == http.NoBody:
		c.finish()
		return
	}
	b := &r.body
	b.call, b.src, b.limit, b.total = c, native.Body, c.opts.maxBody, native.ContentLength
	if c.shouldDecode(native) {
		d := &decoding{ReadCloser: native.Body, total: native.ContentLength}
		if dec, ok := c.opts.coding.newDecoder(native.Header["Content-Encoding"], d); ok {
			b.src, b.decoding, b.total = dec, d, -1
		}
	}
	if w := c.opts.wire; w != nil && w.httpChunks {
		b.watchChunks()
	}
	if report := c.opts.progress; report != nil && c.opts.body == nil {
		b.meter = &downloadMeter{meter: progress.NewMeter(report)}
	}
	native.Body = b
}

// shouldDecode reports whether the session undoes the content coding. As net/http it
// does not if the request, one of [Session.Do], has an Accept-Encoding of its own.
func (c *call) shouldDecode(native *http.Response) bool {
	if len(native.Header["Content-Encoding"]) == 0 || native.Uncompressed || c.method == http.MethodHead {
		return false
	}
	if c.opts.native != nil && c.opts.auto&autoAcceptEncoding == 0 {
		return false
	}
	return native.StatusCode != http.StatusNoContent && native.StatusCode != http.StatusNotModified
}

// Read reads and decodes.
func (b *responseBody) Read(p []byte) (int, error) {
	if b.isPastDeadline() {
		return 0, b.finishRead(context.DeadlineExceeded)
	}
	n, err := b.src.Read(p)
	b.done += int64(n)
	b.call.inspectedCall().addRead(int64(n))
	err = bodyError(err, b.done, b.total)
	if b.limit > 0 && b.done > b.limit {
		n -= int(b.done - b.limit)
		b.done = b.limit
		err = &errors.BodyTooLargeError{Limit: b.limit, Decompressed: b.decoding != nil}
	}
	if b.meter != nil {
		b.meter.update(b.done, b.total, err != nil)
	}
	if t := b.call.trace; t != nil {
		t.traceChunk(p[:n], false)
		if broken := t.panicError(); broken != nil {
			err = broken
		}
	}
	if err != nil {
		err = b.finishRead(err)
	}
	return n, err
}

// bodyError gives what a foreign RoundTripper or a middleware says of its body the
// class that the connector would give it.
func bodyError(err error, received, expected int64) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return errors.ErrConnectionClosed
	}
	return classify.BodyFailure(err, received, expected)
}

// isPastDeadline reports whether the total timeout has passed, where no connector looks at
// it: what has arrived in time may lie in a buffer of the RoundTripper's.
func (b *responseBody) isPastDeadline() bool {
	c := b.call
	return c.total != nil && !c.ended.Load() && c.total.isPastDeadline()
}

// finishRead finishes the call after the last Read. An error then names the request.
func (b *responseBody) finishRead(err error) error {
	c := b.call
	if err == io.EOF {
		c.finish()
		return err
	}
	err = c.contextCause(err)
	if c.claimFinish() {
		b.src.Close() // the error that counts is known
		c.releaseAll()
	}
	return c.noteFailure(errors.Wrap(c.method, c.url, err))
}

// WriteTo lets a copy of an undecoded body use the connector's large buffer.
func (b *responseBody) WriteTo(w io.Writer) (int64, error) {
	src, ok := b.src.(io.WriterTo)
	if !ok || b.limit > 0 || b.call.opts.progress != nil || b.call.isWatched() || b.isPastDeadline() {
		return io.Copy(w, struct{ io.Reader }{b})
	}
	n, err := src.WriteTo(w)
	b.done += n
	if err != nil {
		if classify.IsReadFailure(err) || errors.Is(err, http.ErrBodyReadAfterClose) { // else it may be the writer's
			err = bodyError(err, b.done, b.total)
		}
		return n, b.finishRead(err)
	}
	b.call.finish()
	return n, nil
}

// Close closes the body; see [Response.Close].
func (b *responseBody) Close() error {
	err := b.src.Close()
	if b.meter != nil {
		b.meter.end()
	}
	b.call.finish()
	return err
}

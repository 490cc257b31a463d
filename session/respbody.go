package session

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
)

// responseBody is the body that a caller reads: decoded, counted, bounded, and
// with errors that name the request. It is part of its call.
type responseBody struct {
	call    *call
	src     io.ReadCloser
	decoded bool
	chunks  bool  // see [HTTPChunks]
	limit   int64 // bytes; 0 or less: none
	total   int64 // expected, or -1
	done    int64
	raw     rawBody // what is decoded
	passed  int64   // how much was decoded when the last chunk had ended
	ended   atomic.Bool
}

// rawBody counts the bytes of a body before its decoding.
type rawBody struct {
	io.ReadCloser
	n    int64
	body *responseBody // where the ends of chunks are asked for; nil elsewhere
}

// Read reads and counts.
func (b *rawBody) Read(p []byte) (int, error) {
	if b.body != nil {
		b.body.passChunk()
	}
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}

// openResponse puts the session's body around net/http's.
func (c *call) openResponse(r *Response) {
	native := r.Response
	switch {
	case native.StatusCode == http.StatusSwitchingProtocols:
		// The body is a connection, which its taker uses and closes.
		c.finishBody()
		if c.cancel != nil {
			c.cancel()
		}
		if c.trace != nil {
			c.trace.cancel(nil)
		}
		return
	case native.Body == http.NoBody:
		c.end()
		return
	}
	b := &r.body
	*b = responseBody{call: c, src: native.Body, limit: c.opts.maxBody, total: native.ContentLength}
	if c.decodes(native) {
		b.raw.ReadCloser = native.Body
		if dec, ok := c.opts.coding.reader(native.Header["Content-Encoding"], &b.raw); ok {
			b.src, b.decoded, b.total = dec, true, -1
		}
	}
	if w := c.opts.wire; w != nil && w.httpChunks {
		b.watchChunks()
	}
	native.Body = b
}

// decodes reports whether a content coding is the session's to undo. Of a
// request that net/http's user made with an Accept-Encoding of its own it is
// the user's.
func (c *call) decodes(native *http.Response) bool {
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
	n, err := b.src.Read(p)
	b.done += int64(n)
	if b.limit > 0 && b.done > b.limit {
		n -= int(b.done - b.limit)
		b.done = b.limit
		err = &errors.BodyTooLargeError{Limit: b.limit, Decompressed: b.decoded}
	}
	b.report(n)
	if t := b.call.trace; t != nil {
		t.chunk(p[:n], false)
		if broken := t.err(); broken != nil {
			err = broken
		}
	}
	if err != nil {
		err = b.end(err)
	}
	return n, err
}

func (b *responseBody) report(n int) {
	if o := &b.call.opts; n > 0 && o.progress != nil && o.body == nil {
		o.progress(b.done, b.total)
	}
}

// end closes what a failed or finished reading leaves, and dresses the error.
func (b *responseBody) end(err error) error {
	if !b.ended.Swap(true) {
		if err != io.EOF {
			b.src.Close() // the error that counts is known
		}
		b.call.end()
	}
	if err == io.EOF {
		return err
	}
	return errors.Wrap(b.call.method, b.call.url, b.call.contextCause(err))
}

// WriteTo lets a copy of an undecoded body use the connector's large buffer.
func (b *responseBody) WriteTo(w io.Writer) (int64, error) {
	src, ok := b.src.(io.WriterTo)
	if !ok || b.limit > 0 || b.call.opts.progress != nil || b.call.trace != nil {
		return io.Copy(w, struct{ io.Reader }{b})
	}
	n, err := src.WriteTo(w)
	b.done += n
	if err != nil {
		return n, b.end(err)
	}
	b.end(io.EOF) //nolint:errcheck // it is the end
	return n, nil
}

// Close closes the body; see [Response.Close].
func (b *responseBody) Close() error {
	err := b.src.Close()
	if !b.ended.Swap(true) {
		b.call.end()
	}
	return err
}

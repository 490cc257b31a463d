// Package reqbody is the body of a request on its way to net/http: closed once, as long as
// was said, and with a memory of how reading it ended. It knows no protocol.
package reqbody

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
)

// Body is the body of a request on its way to net/http. It is closed once, whatever
// happens: net/http forgets that in some of its failures.
//
// One that cannot block, because it lies in memory or in a regular file, is handed on as it
// is: net/http sends a file without copying only when it can see it.
type Body struct {
	plain    io.ReadCloser // in memory, or a file
	memory   bool          // it is in memory
	blocking *Blocking     // any other
}

// New takes the body of req, which may have none.
func New(req *http.Request) Body { return newBody(req.Body, req.ContentLength) }

func newBody(body io.ReadCloser, length int64) Body {
	if body == nil || body == http.NoBody {
		return Body{}
	}
	switch r := unwrapNop(body).(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return Body{plain: body, memory: true}
	case *os.File:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			return Body{plain: body}
		}
	}
	return Body{blocking: newBlocking(body, length)}
}

var (
	nopCloser         = reflect.TypeOf(io.NopCloser(nil))
	nopCloserWriterTo = reflect.TypeOf(io.NopCloser(struct {
		io.Reader
		io.WriterTo
	}{}))
)

// unwrapNop looks behind io.NopCloser, as http.NewRequest leaves it.
func unwrapNop(body io.ReadCloser) io.Reader {
	if t := reflect.TypeOf(body); t == nopCloser || t == nopCloserWriterTo {
		r, _ := reflect.TypeAssert[io.Reader](reflect.ValueOf(body).Field(0)) // an io.Reader by its type
		return r
	}
	return body
}

// CheckLength refuses a body that is known to be of another length than the request says,
// before anything is sent. A length of 0 and less says nothing.
func (b *Body) CheckLength(length int64) error {
	if b.plain == nil || length <= 0 {
		return nil
	}
	have := length
	switch r := unwrapNop(b.plain).(type) {
	case interface{ Len() int }:
		have = int64(r.Len())
	case *os.File:
		info, err := r.Stat()
		at, seekErr := r.Seek(0, io.SeekCurrent)
		if err == nil && seekErr == nil {
			have = info.Size() - at
		}
	}
	if have != length {
		return fmt.Errorf("body of %d bytes, Content-Length %d", have, length)
	}
	return nil
}

// Present reports whether there is a body.
func (b *Body) Present() bool { return b.plain != nil || b.blocking != nil }

// InMemory reports whether there is one, in memory.
func (b *Body) InMemory() bool { return b.memory }

// MayBlock reports whether reading it can take a time of its own.
func (b *Body) MayBlock() bool { return b.blocking != nil }

// ForWire is the body as net/http gets it.
func (b *Body) ForWire() io.ReadCloser {
	switch {
	case b.blocking != nil:
		return b.blocking
	case b.plain != nil:
		return b.plain
	}
	return http.NoBody
}

// Blocking returns the body if its Read may block, and nil otherwise.
func (b *Body) Blocking() *Blocking { return b.blocking }

// Close closes the body if there is one.
func (b *Body) Close() {
	switch {
	case b.blocking != nil:
		b.blocking.Close() // the request has failed for another reason
	case b.plain != nil:
		b.plain.Close() // as above; closing twice does no harm here
	}
}

// Sent reports whether the body was read to its end, as far as is known.
func (b *Body) Sent() bool { return b.blocking != nil && b.blocking.readError() == io.EOF }

// Err is the error that reading the body gave, or nil.
func (b *Body) Err() error {
	if b.blocking == nil {
		return nil
	}
	if err := b.blocking.readError(); err != io.EOF {
		return err
	}
	return nil
}

// Rewind replaces a used body by a new one and reports whether it could.
func (b *Body) Rewind(req *http.Request) bool {
	if !b.Present() {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	if err != nil {
		return false
	}
	b.Close()
	*b = newBody(body, req.ContentLength)
	return true
}

// Wrap makes a Blocking of the body, which is one in memory, a file, or one already.
func (b *Body) Wrap(length int64) *Blocking {
	if b.blocking == nil {
		b.blocking = newBlocking(b.plain, length)
		b.plain, b.memory = nil, false
	}
	return b.blocking
}

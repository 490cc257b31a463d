package connector

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
)

// requestBody is the body of a request on its way to net/http.
//
// net/http forgets to close a body in some of its failures, so this one is
// closed here in the end, once. Bodies that cannot block are handed on as they
// are: net/http sends a file without copying only when it can see it.
type requestBody struct {
	plain  io.ReadCloser // a body in memory or a file
	opaque *opaqueBody   // any other
}

func newRequestBody(body io.ReadCloser) requestBody {
	switch {
	case body == nil || body == http.NoBody:
		return requestBody{}
	case prompt(body):
		return requestBody{plain: body}
	default:
		return requestBody{opaque: &opaqueBody{body: body, closed: make(chan struct{})}}
	}
}

var (
	nopCloser         = reflect.TypeOf(io.NopCloser(nil))
	nopCloserWriterTo = reflect.TypeOf(io.NopCloser(struct {
		io.Reader
		io.WriterTo
	}{}))
)

// prompt reports whether reading body cannot block: it lies in memory or in a
// regular file, possibly behind io.NopCloser as http.NewRequest leaves it.
func prompt(body io.ReadCloser) bool {
	var r io.Reader = body
	if t := reflect.TypeOf(body); t == nopCloser || t == nopCloserWriterTo {
		r, _ = reflect.TypeAssert[io.Reader](reflect.ValueOf(body).Field(0)) // an io.Reader by its type
	}
	switch r := r.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return true
	case *os.File:
		info, err := r.Stat()
		return err == nil && info.Mode().IsRegular()
	}
	return false
}

func (b *requestBody) present() bool  { return b.plain != nil || b.opaque != nil }
func (b *requestBody) mayBlock() bool { return b.opaque != nil }

// forWire is the body as net/http gets it.
func (b *requestBody) forWire() io.ReadCloser {
	if b.opaque != nil {
		return b.opaque
	}
	if b.plain != nil {
		return b.plain
	}
	return http.NoBody
}

func (b *requestBody) close() {
	switch {
	case b.opaque != nil:
		b.opaque.Close() // the request has failed for another reason
	case b.plain != nil:
		b.plain.Close() // as above; closing twice does no harm here
	}
}

// sent reports whether the body was read to its end, as far as is known.
func (b *requestBody) sent() bool { return b.opaque != nil && b.opaque.state() == io.EOF }

// failed is the error that reading the body gave, or nil.
func (b *requestBody) failed() error {
	if b.opaque == nil {
		return nil
	}
	if err := b.opaque.state(); err != io.EOF {
		return err
	}
	return nil
}

// rewind replaces a used body by a new one and reports whether it could.
func (b *requestBody) rewind(req *http.Request) bool {
	if !b.present() {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	if err != nil {
		return false
	}
	b.close()
	*b = newRequestBody(body)
	return true
}

// opaqueBody remembers how the reading of a body ended, until it is closed, and
// closes it once.
type opaqueBody struct {
	body   io.ReadCloser
	mu     sync.Mutex
	err    error
	closed chan struct{}
}

func (b *opaqueBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil {
		b.mu.Lock()
		if b.err == nil && !b.isClosed() {
			b.err = err
		}
		b.mu.Unlock()
	}
	return n, err
}

func (b *opaqueBody) Close() error {
	b.mu.Lock()
	if b.isClosed() {
		b.mu.Unlock()
		return nil
	}
	close(b.closed)
	b.mu.Unlock()
	return b.body.Close()
}

func (b *opaqueBody) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

func (b *opaqueBody) state() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

package middleware

import (
	"io"
	"net/http"
	"sync"
)

// whenDone calls done once, when the response's body is closed or at its end. The
// body of a 101 response is the connection and stays as it is: done is called at
// once, and so it is if there is no body.
func whenDone(resp *http.Response, done func()) {
	if resp.Body == nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		done()
		return
	}
	body := &doneBody{ReadCloser: resp.Body, done: sync.OnceFunc(done)}
	if _, ok := resp.Body.(io.WriterTo); ok {
		resp.Body = doneWriterTo{body}
	} else {
		resp.Body = body
	}
}

type doneBody struct {
	io.ReadCloser
	done func()
}

func (b *doneBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.done()
	}
	return n, err
}

func (b *doneBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// doneWriterTo keeps the short way of bodies that have one.
type doneWriterTo struct{ *doneBody }

func (b doneWriterTo) WriteTo(w io.Writer) (int64, error) {
	defer b.done()
	return b.ReadCloser.(io.WriterTo).WriteTo(w) //nolint:errcheck // whenDone has looked
}

package middleware

import (
	"io"
	"net/http"
	"sync"
)

// onBodyDone calls done once, when the response's body is closed or at its end. The
// body of a 101 response is the connection and stays as it is: done is called at
// once, and so it is if there is no body.
func onBodyDone(resp *http.Response, done func()) {
	if resp.Body == nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		done()
		return
	}
	body := &endingBody{ReadCloser: resp.Body, done: sync.OnceFunc(done)}
	if _, ok := resp.Body.(io.WriterTo); ok {
		resp.Body = endingWriterTo{body}
	} else {
		resp.Body = body
	}
}

type endingBody struct {
	io.ReadCloser
	done func()
}

func (b *endingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.done()
	}
	return n, err
}

func (b *endingBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// endingWriterTo keeps the short way of bodies that have one.
type endingWriterTo struct{ *endingBody }

func (b endingWriterTo) WriteTo(w io.Writer) (int64, error) {
	n, err := b.ReadCloser.(io.WriterTo).WriteTo(w) //nolint:errcheck // onBodyDone has seen that it has one
	if err == nil {
		b.done()
	} // else it may be the writer's, and the body is open until Close
	return n, err
}

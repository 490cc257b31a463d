package otelaiolos

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
)

// body is an attempt as the response's body, whose end is the attempt's.
type body attempt

// writerBody keeps the short way of bodies that have one.
type writerBody attempt

// watchBody has the end of the body, or of the context, end the attempt.
func (a *attempt) watchBody(ctx context.Context, b io.ReadCloser) io.ReadCloser {
	a.source = b
	if ctx.Done() != nil {
		a.stop = context.AfterFunc(ctx, a.endByContext)
	}
	if _, ok := b.(io.WriterTo); ok {
		return (*writerBody)(a)
	}
	return (*body)(a)
}

// Read reads on. What ends it ends the attempt.
func (b *body) Read(p []byte) (int, error) { return (*attempt)(b).read(p) }

// Close ends the attempt, and closes the body.
func (b *body) Close() error { return (*attempt)(b).close() }

// Read is that of a body.
func (b *writerBody) Read(p []byte) (int, error) { return (*attempt)(b).read(p) }

// Close is that of a body.
func (b *writerBody) Close() error { return (*attempt)(b).close() }

// WriteTo is what the wrapped body has.
func (b *writerBody) WriteTo(w io.Writer) (int64, error) {
	a := (*attempt)(b)
	n, err := a.source.(io.WriterTo).WriteTo(w) //nolint:errcheck // watchBody has seen that it has one
	a.received.Add(n)
	switch {
	case err == nil:
		a.end(nil)
	case errors.Is(err, errors.ErrClient) || errors.Is(err, a.ctx.Err()):
		a.end(err)
	} // else it may be the writer's, and the body can still be read or closed
	return n, err
}

func (a *attempt) read(p []byte) (int, error) {
	n, err := a.source.Read(p)
	a.received.Add(int64(n))
	a.endReading(err)
	return n, err
}

func (a *attempt) close() error {
	a.end(nil)
	return a.source.Close()
}

func (a *attempt) endReading(err error) {
	switch err {
	case nil:
	case io.EOF:
		a.end(nil)
	default:
		a.end(err)
	}
}

// upload counts a request's body whose length is not known.
type upload struct {
	io.ReadCloser
	sent *atomic.Int64
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.sent.Add(int64(n))
	return n, err
}

// watchUpload finds out how long the request's body is.
func (a *attempt) watchUpload(out *http.Request) {
	switch {
	case out.Body == nil || out.Body == http.NoBody || slices.Contains(out.TransferEncoding, "identity"): // none, or none of it
	case out.ContentLength > 0:
		a.sending = out.ContentLength
	default:
		a.upload = &upload{out.Body, new(atomic.Int64)}
		out.Body = a.upload
		if again := out.GetBody; again != nil {
			sent := a.upload.sent
			out.GetBody = func() (io.ReadCloser, error) {
				b, err := again()
				if err != nil {
					return nil, err
				}
				sent.Store(0)
				return &upload{b, sent}, nil
			}
		}
	}
}

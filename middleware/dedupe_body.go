package middleware

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// dedupeResult is a response, to be shared, or for the first caller only.
type dedupeResult struct {
	resp   *http.Response
	cancel context.CancelFunc // of the context that resp belongs to
	shared bool
	body   []byte // if it is shared
}

// bufferBody reads the body. If it is longer than was said, or breaks off, what was
// read goes back in front of the rest.
func (r *dedupeResult) bufferBody(limit int64) {
	body, err := io.ReadAll(io.LimitReader(r.resp.Body, limit+1))
	if err == nil && int64(len(body)) <= limit {
		r.resp.Body.Close()
		r.cancel()
		r.shared, r.body = true, body
		return
	}
	rest := io.Reader(r.resp.Body)
	if err != nil {
		rest = failingReader{err}
	}
	r.resp.Body = joinedBody{io.MultiReader(bytes.NewReader(body), rest), r.resp.Body}
}

type failingReader struct{ err error }

func (b failingReader) Read([]byte) (int, error) { return 0, b.err }

type joinedBody struct {
	io.Reader
	io.Closer
}

// copyFor makes a response of the caller's own.
func (r *dedupeResult) copyFor(req *http.Request) *http.Response {
	resp := *r.resp
	resp.Header, resp.Trailer = r.resp.Header.Clone(), r.resp.Trailer.Clone()
	resp.TransferEncoding = append([]string(nil), r.resp.TransferEncoding...)
	resp.Request = req
	resp.Body = io.NopCloser(bytes.NewReader(r.body))
	return &resp
}

// bindToCaller gives the response to the first caller: from now on it ends with that
// caller's context.
func (r *dedupeResult) bindToCaller(ctx context.Context) *http.Response {
	stop := context.AfterFunc(ctx, r.cancel)
	if r.resp.StatusCode != http.StatusSwitchingProtocols {
		onBodyDone(r.resp, func() {
			stop()
			r.cancel()
		})
		if r.resp.Body != nil && r.resp.Body != http.NoBody {
			r.resp.Body = &callerBody{r.resp.Body, ctx}
		}
	}
	return r.resp
}

// callerBody fails as the caller's context ends: below, all that is seen of that is a cancel.
type callerBody struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // the caller's
}

func (b *callerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, b.callerError(err)
}

// WriteTo keeps the short way of bodies that have one.
func (b *callerBody) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, b.ReadCloser)
	return n, b.callerError(err)
}

func (b *callerBody) callerError(err error) error {
	if err == nil || err == io.EOF || b.ctx.Err() == nil {
		return err
	}
	return httprule.ContextError(b.ctx)
}

// dedupeLeader is the first caller, who may have left when there is a response
// for nobody else.
type dedupeLeader struct {
	mu     sync.Mutex
	gone   bool
	result *dedupeResult
}

func (l *dedupeLeader) setResult(result *dedupeResult) {
	l.mu.Lock()
	l.result = result
	gone := l.gone
	l.mu.Unlock()
	if gone {
		result.closeUnused()
	}
}

func (l *dedupeLeader) markGone() {
	l.mu.Lock()
	l.gone = true
	result := l.result
	l.mu.Unlock()
	if result != nil {
		result.closeUnused()
	}
}

// closeUnused closes a response that no caller takes.
func (r *dedupeResult) closeUnused() {
	drainAndClose(r.resp)
	r.cancel()
}

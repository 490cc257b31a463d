package middleware

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// deduped is a response, to be shared, or for the first caller only.
type deduped struct {
	resp   *http.Response
	cancel context.CancelFunc // of the context that resp belongs to
	shared bool
	body   []byte // if it is shared
}

// share reads the body. If it is longer than was said, or breaks off, what was
// read goes back in front of the rest.
func (r *deduped) share(limit int64) {
	body, err := io.ReadAll(io.LimitReader(r.resp.Body, limit+1))
	if err == nil && int64(len(body)) <= limit {
		r.resp.Body.Close()
		r.cancel()
		r.shared, r.body = true, body
		return
	}
	rest := io.Reader(r.resp.Body)
	if err != nil {
		rest = dedupeBroken{err}
	}
	r.resp.Body = dedupeRest{io.MultiReader(bytes.NewReader(body), rest), r.resp.Body}
}

type dedupeBroken struct{ err error }

func (b dedupeBroken) Read([]byte) (int, error) { return 0, b.err }

type dedupeRest struct {
	io.Reader
	io.Closer
}

// copyFor is a response of the caller's own.
func (r *deduped) copyFor(req *http.Request) *http.Response {
	resp := *r.resp
	resp.Header, resp.Trailer = r.resp.Header.Clone(), r.resp.Trailer.Clone()
	resp.TransferEncoding = append([]string(nil), r.resp.TransferEncoding...)
	resp.Request = req
	resp.Body = io.NopCloser(bytes.NewReader(r.body))
	return &resp
}

// handTo gives the response to the first caller: from now on it lives with that
// one's context.
func (r *deduped) handTo(ctx context.Context) *http.Response {
	stop := context.AfterFunc(ctx, r.cancel)
	if r.resp.StatusCode != http.StatusSwitchingProtocols {
		whenDone(r.resp, func() {
			stop()
			r.cancel()
		})
		if r.resp.Body != nil && r.resp.Body != http.NoBody {
			r.resp.Body = &ledBody{r.resp.Body, ctx}
		}
	}
	return r.resp
}

// ledBody fails as the caller's context ends: below, all that is seen of that is a cancel.
type ledBody struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // the caller's
}

func (b *ledBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, b.explain(err)
}

// WriteTo keeps the short way of bodies that have one.
func (b *ledBody) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, b.ReadCloser)
	return n, b.explain(err)
}

func (b *ledBody) explain(err error) error {
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
	result *deduped
}

func (l *dedupeLeader) offer(result *deduped) {
	l.mu.Lock()
	l.result = result
	gone := l.gone
	l.mu.Unlock()
	if gone {
		result.drop()
	}
}

func (l *dedupeLeader) leave() {
	l.mu.Lock()
	l.gone = true
	result := l.result
	l.mu.Unlock()
	if result != nil {
		result.drop()
	}
}

// drop closes what nobody takes.
func (r *deduped) drop() {
	discard(r.resp)
	r.cancel()
}

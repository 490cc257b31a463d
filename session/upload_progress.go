package session

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/internal/progress"
)

// watch guards the reports about a body that is sent, to traces and Progress.
type watch struct {
	mu   sync.Mutex
	turn int // the sending that counts
}

// watchedBody reports the pieces of a body as net/http reads them. After another
// sending has begun it may still be read, and reports nothing. It hides a file from
// net/http, which then cannot send it without copying.
type watchedBody struct {
	io.ReadCloser
	call        *call
	turn        int
	done, total int64
	meter       progress.Meter
	over        atomic.Bool // it was closed: no more comes
}

func (c *call) watchUpload(body io.ReadCloser, total int64) io.ReadCloser {
	w := &c.ensureExtras().watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	return &watchedBody{ReadCloser: body, call: c, turn: w.turn, total: total, meter: progress.NewMeter(c.opts.progress)}
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 || err != nil {
		b.reportProgress(p[:n], err != nil)
	}
	if b.over.Load() { // perhaps since the last look, by a Close that did not wait
		b.tryFinish()
	}
	return n, err
}

// reportProgress tells of a piece, which is the last one, and may be empty then.
func (b *watchedBody) reportProgress(p []byte, last bool) {
	c := b.call
	w := &c.extra.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.turn != w.turn {
		return
	}
	if c.trace != nil && len(p) > 0 {
		c.trace.traceChunk(p, true)
	}
	b.done += int64(len(p))
	b.meter.Update(b.done, b.total)
	if last {
		b.meter.Finish(b.done, b.total)
	}
}

// Close tells how far the body has come, of one that was not read to its end too.
func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.over.Store(true)
	b.tryFinish()
	return err
}

// tryFinish tells the end, unless something is being told: who is told may have closed
// the body.
func (b *watchedBody) tryFinish() {
	w := &b.call.extra.watch
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	if b.turn == w.turn {
		b.meter.Finish(b.done, b.total)
	}
}

package session

import (
	"io"
	"sync"
)

// watch is who looks on while a body is sent: traces and Progress.
type watch struct {
	mu   sync.Mutex
	turn int // the sending that counts
}

// watchedBody tells of the pieces of a body as net/http takes them. A sending that
// was given up for another one may still be read, and tells nothing. It hides a file
// from net/http, which then cannot send it without copying.
type watchedBody struct {
	io.ReadCloser
	call        *call
	turn        int
	done, total int64
}

func (c *call) watched(body io.ReadCloser, total int64) io.ReadCloser {
	if c.watch == nil {
		c.watch = new(watch)
	}
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	c.watch.turn++
	return &watchedBody{ReadCloser: body, call: c, turn: c.watch.turn, total: total}
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.tell(p[:n])
	}
	return n, err
}

func (b *watchedBody) tell(p []byte) {
	c := b.call
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if b.turn != c.watch.turn {
		return
	}
	if c.trace != nil {
		c.trace.chunk(p, true)
	}
	b.done += int64(len(p))
	if report := c.opts.progress; report != nil {
		report(b.done, b.total)
	}
}

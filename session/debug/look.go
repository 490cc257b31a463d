package debug

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// A look is one snapshot, written once for all who have asked for the format before it
// began, so nobody gets what is older than the question. The next one begins after a pause
// that is nine times as long as the last one has taken: whoever asks, and however often,
// that is a tenth of one processor at most, or one look in two seconds.
//
//	ask ─► join the look that has not begun ─► its turn? ─► the pause ─► snapshot, written
//	          ▲                                   │ no                        │
//	          └── the others wait: for the turn, for the result, for their context ◄──┘
//
// Whoever has the turn runs the look; if its request ends before, another has the turn.
type look struct {
	done   chan struct{} // closed when what follows is there
	body   []byte
	err    error
	format string
}

// The pause is longer than the one bound, for pages that cost next to nothing, and shorter
// than the other, for who waits for a page.
const (
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// see is what the session looks like in a format, as of after the call. Its error is the
// context's, or why it cannot be written.
func (h *Handler) see(ctx context.Context, format string) ([]byte, error) {
	l := h.join(format)
	select {
	case <-l.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
		if err := h.run(ctx, l); err != nil {
			return nil, err
		}
	}
	return l.body, l.err
}

// join returns the look that has not begun.
func (h *Handler) join(format string) *look {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.next[format]
	if l == nil {
		l = &look{done: make(chan struct{}), err: errNotWritten, format: format}
		h.next[format] = l
	}
	return l
}

var errNotWritten = errors.New("what is to be shown has panicked")

// run waits for the end of the pause, and looks, unless somebody else has. It is called by
// the one who has the turn. Its error is the context's.
func (h *Handler) run(ctx context.Context, l *look) error {
	select {
	case <-l.done:
		return nil
	default:
	}
	if pause := time.Until(h.free); pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.mu.Lock()
	delete(h.next, l.format) // who asks now wants a later one
	h.mu.Unlock()
	began := time.Now()
	defer func() { // also if the numbers of the Config panic
		now := time.Now()
		h.free = now.Add(min(max(9*now.Sub(began), minPause), maxPause))
		close(l.done)
	}()
	l.body, l.err = h.write(l.format)
	return nil
}

package connector

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

// stream is the context of a request of HTTP/2, and holds its deadlines. Those of
// the connection would strike its siblings too, so here it is a timer that ends
// the context. As with a conn's deadline the timer is only an alarm: if it rings
// too early, it is set anew.
//
// It is a context of its own kind because those of package context cost too much:
// it is used again for another request if it has come to no end.
type stream struct {
	context.Context //nolint:containedctx // it is a context itself: this is its parent
	done            chan struct{}
	ended, rings    func() // the methods, for those who call back
	stop            func() bool
	req             http.Request // what net/http gets

	mu         sync.Mutex
	x          *exchange // to be ended with the context; nil until it has a response
	err, cause error     // of the context; nil while it lasts
	total      time.Time // or zero
	silence    time.Time // when the present one is too long, or zero
	alarm      time.Time // when the timer rings, or zero
	timer      *time.Timer
	headed     bool // the response's head is there
	wrote      bool // the request is on its way, as far as is known
	over       bool // the exchange
}

// newStream is the context of x, as a child of the request's.
func (c *Connector) newStream(parent context.Context, total time.Time) *stream {
	s, _ := c.streams.Get().(*stream)
	if s == nil {
		s = &stream{done: make(chan struct{})}
		s.ended, s.rings = s.parentEnded, s.ring
	}
	s.Context, s.total = parent, total
	if parent.Done() != nil {
		s.stop = context.AfterFunc(parent, s.ended)
	}
	if !total.IsZero() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.setLocked(time.Now())
	}
	return s
}

// Done is closed with the context.
func (s *stream) Done() <-chan struct{} { return s.done }

// Err is why it was closed, or nil.
func (s *stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// why is the cause of its end, or nil.
func (s *stream) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

func (s *stream) parentEnded() { s.close(s.Context.Err(), context.Cause(s.Context)) }

// cancel ends the context.
func (s *stream) cancel(cause error) { s.close(context.Canceled, cause) }

func (s *stream) close(err, cause error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err, s.cause = err, cause
	close(s.done)
	x := s.x
	s.mu.Unlock()
	if x != nil {
		// With HTTP/1 the connection goes, and the slot with it, whether or not
		// anybody reads.
		x.abandon()
	}
}

// listen starts a silence that may last for d; zero and less mean for ever.
func (s *stream) listen(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listenLocked(d)
}

func (s *stream) listenLocked(d time.Duration) {
	now := time.Now()
	s.silence = now.Add(d)
	s.setLocked(now)
}

// sent is listen for a request that is on its way: nobody waits for its answer if
// that has begun already.
func (s *stream) sent(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote = true
	if !s.headed && d > 0 {
		s.listenLocked(d)
	}
}

// asked is listen for a request whose body waits to be asked for.
func (s *stream) asked(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.headed && d > 0 {
		s.listenLocked(d)
	}
}

// sending ends that wait: net/http reads the body, asked for or not.
func (s *stream) sending(<-chan struct{}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.headed { // else the silence is the reader's
		s.silence = time.Time{}
	}
	return nil
}

// isSent reports whether the request is on its way.
func (s *stream) isSent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote
}

// answered ends the wait for the head.
func (s *stream) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headed = true
	s.silence = time.Time{}
}

// deliver has the end of the context end x, too.
func (s *stream) deliver(x *exchange) {
	s.mu.Lock()
	s.x = x
	over := s.err != nil
	s.mu.Unlock()
	if over {
		x.abandon()
	}
}

// rest ends the silence: nobody waits for the peer.
func (s *stream) rest() {
	s.mu.Lock()
	s.silence = time.Time{}
	s.mu.Unlock()
}

// end ends the exchange. If net/http is through with the stream, and nothing else
// may still call, another exchange can have it.
func (s *stream) end(c *Connector, through bool) {
	quiet := s.stop == nil || s.stop()
	s.mu.Lock()
	if !s.alarm.IsZero() && !s.timer.Stop() {
		quiet = false
	}
	s.over, s.x = true, nil
	again := through && quiet && s.err == nil
	if !again && s.err == nil {
		s.err, s.cause = context.Canceled, context.Canceled
		close(s.done)
	}
	s.mu.Unlock()
	if again {
		s.Context, s.stop, s.req = nil, nil, http.Request{}
		s.silence, s.alarm = time.Time{}, time.Time{}
		s.headed, s.wrote, s.over = false, false, false
		c.streams.Put(s)
	}
}

// setLocked sees to it that the timer rings by the deadline.
func (s *stream) setLocked(now time.Time) {
	want := s.deadlineLocked()
	if s.over || want.IsZero() || s.alarm.After(now) && !s.alarm.After(want) {
		return
	}
	s.alarm = want
	if s.timer == nil {
		s.timer = time.AfterFunc(want.Sub(now), s.rings)
		return
	}
	s.timer.Reset(want.Sub(now))
}

func (s *stream) deadlineLocked() time.Time {
	if s.total.IsZero() || !s.silence.IsZero() && s.silence.Before(s.total) {
		return s.silence
	}
	return s.total
}

func (s *stream) ring() {
	s.mu.Lock()
	now := time.Now()
	s.alarm = time.Time{}
	deadline := s.deadlineLocked()
	struck := !s.over && !deadline.IsZero() && !now.Before(deadline)
	why := h1.ErrReadTimeout
	if !s.total.IsZero() && !now.Before(s.total) {
		why = h1.ErrTotalTimeout
	}
	if !struck {
		s.setLocked(now)
	}
	s.mu.Unlock()
	if struck {
		s.cancel(why)
	}
}

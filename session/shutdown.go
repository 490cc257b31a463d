package session

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
)

// The stages of a session's life. They only go forward.
//
//	open ──Shutdown──▶ shutting ──all calls have ended──▶ closed
//	   └──────────────Close, Detach─────────────────────────┘
//
// A session that was derived from another one has a stage of its own, and is not
// open if the one that New made is not.
const (
	stageOpen int32 = iota
	stageShutting
	stageClosed
)

// Shutdown ends the session once the calls under way have ended by themselves:
// their redirects, what their middlewares send, the saving of a file, and the
// bodies of their responses, each until it was read to its end or closed. Further
// calls fail with [errors.ErrSessionClosed] at once, also those for another page
// or another connection of an [EventSource]. When all have ended, Shutdown does
// what Close does, and returns nil.
//
// If ctx ends before, Shutdown returns its cause. Then the session stays shut for
// new calls, and what is under way goes on: call Close to break it, or Shutdown
// again to go on waiting. After a Close that came in between, Shutdown still waits
// for those who hold a response.
//
// A WebSocket that is open is not waited for, as [http.Server.Shutdown] does not
// wait for connections that were hijacked; if the session owns its connector, it
// is closed with that. A response that nobody reads or closes is waited for.
//
// Calls through sessions that With has made count with the session that they come
// from. The Shutdown of such a session itself waits for its own calls, and ends only
// itself. Shutdown may be called several times, and concurrently.
func (s *Session) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	}
	s.stage.CompareAndSwap(stageOpen, stageShutting)
	if err := s.calls.waitForZero(ctx); err != nil {
		return err
	}
	return s.Close()
}

// beginCall counts a call, or the saving of a file. endCall has to follow.
func (s *Session) beginCall() {
	s.calls.n.Add(1)
	if s != s.root {
		s.root.calls.n.Add(1)
	}
}

func (s *Session) endCall() {
	s.calls.countDown()
	if s != s.root {
		s.root.calls.countDown()
	}
}

// refusesCall reports whether a call that was counted must not go on. Requests that
// belong to a call under way are let through until the session is closed.
func (s *Session) refusesCall() bool {
	if !s.Closed() {
		return false
	}
	under := s.inner && s.stage.Load() == stageOpen && s.root.stage.Load() == stageShutting &&
		s.root.calls.n.Load() > 1 && (s.connector == nil || !s.connector.Closed())
	return !under
}

// joinCall makes s a session for the requests that belong to a call of another one,
// and end with it.
func (s *Session) joinCall(outer *Session) *Session {
	s.inner = true
	if outer.stage.Load() != stageClosed {
		s.stage.Store(stageOpen)
	}
	return s
}

// tally counts calls. Each is counted before it looks whether it may go on, so that
// a count of zero, seen once the session is shut, is the last.
type tally struct {
	n    atomic.Int64
	gate atomic.Pointer[gate] // nil: nobody has waited yet
}

// gate opens once.
type gate struct {
	once   sync.Once
	opened chan struct{}
}

func (g *gate) openOnce() { g.once.Do(func() { close(g.opened) }) }

func (t *tally) countDown() {
	if t.n.Add(-1) > 0 {
		return
	}
	if g := t.gate.Load(); g != nil {
		g.openOnce()
	}
}

// waitForZero waits for a count of zero, for a session that is shut. It returns the cause
// if ctx ends before.
func (t *tally) waitForZero(ctx context.Context) error {
	t.gate.CompareAndSwap(nil, &gate{opened: make(chan struct{})})
	g := t.gate.Load()
	if t.n.Load() == 0 { // a call that ends from here on sees the gate
		g.openOnce()
		return nil
	}
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

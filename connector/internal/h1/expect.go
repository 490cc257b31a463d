package h1

import (
	stderrors "errors"
	"sync"
	"time"
)

// errBodyNotWanted ends the sending of a body whose request was answered before it was
// asked for (RFC 9110 10.1.1).
var errBodyNotWanted = stderrors.New("the request was answered without its body")

// gate holds a body back until the server has said whether it wants it.
//
//	            100 Continue, or the timeout
//	closed ───────────────────────────────────► open
//	   │ a final status, or the end
//	   └──────────────────────────► refused: no byte of the body is sent
type gate struct {
	timeout time.Duration // 0 and less: none
	begin   func()        // called when the wait begins
	opened  func()        // called when it ends and the body goes out

	once    sync.Once
	decided chan struct{}
	refused bool
}

// decide opens or refuses, and reports whether this call was the first to decide.
func (g *gate) decide(refuse bool) (first bool) {
	g.once.Do(func() {
		g.refused = refuse
		first = true
		close(g.decided)
	})
	return first
}

// hasRefused reports whether the body is not to be sent.
func (g *gate) hasRefused() bool {
	select {
	case <-g.decided:
		return g.refused
	default:
		return false
	}
}

// awaitDecision holds back the body's first Read, which comes when the head is written.
func (g *gate) awaitDecision(closed <-chan struct{}) error {
	g.begin()
	var timeout <-chan time.Time
	if g.timeout > 0 {
		t := time.NewTimer(g.timeout)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-g.decided:
	case <-closed:
		g.decide(true)
	case <-timeout:
		g.decide(false)
	}
	<-g.decided
	if g.refused {
		return errBodyNotWanted
	}
	g.opened()
	return nil
}

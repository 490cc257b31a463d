package session

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/redact"
)

// An Inspector knows the calls of a session that are under way, and how they have
// failed. [Session.Inspect] makes it; package session/debug shows what it knows.
//
// What is told of a call is kept beside the call and never leads to it, so that a
// response that was dropped is still found by [connector.Config.OnLeak]. A call that
// ends takes its entry away, and so does the garbage collector. There is no goroutine
// and no timer. It is safe for concurrent use.
type Inspector struct {
	mu     sync.Mutex
	calls  map[*inspected]struct{}
	begun  uint64
	failed map[string]*FailureInfo // by class: as many as there are classes
}

// CallPhase is what a call under way does.
type CallPhase string

// The phases of a call. Those of a connection are there when the RoundTripper of the
// session tells a trace of [net/http/httptrace] of them, as a Connector does.
const (
	// PhaseMiddleware is a call that its middlewares have: before they send it,
	// between two attempts, and after the last.
	PhaseMiddleware CallPhase = "middleware"
	PhaseQueue      CallPhase = "queue"    // it waits for a slot or for a connection
	PhaseDNS        CallPhase = "dns"      // it resolves the name
	PhaseConnect    CallPhase = "connect"  // it connects, or asks a proxy to
	PhaseTLS        CallPhase = "tls"      // it shakes hands
	PhaseSend       CallPhase = "send"     // it sends the request
	PhaseWait       CallPhase = "wait"     // it waits for the response's head
	PhaseResponse   CallPhase = "response" // the caller has the response
)

// CallInfo is a call under way. It has no secret.
type CallInfo struct {
	Number uint64 `json:"number"` // in the order in which calls have begun, from 1
	Method string `json:"method"`
	URL    string `json:"url"`    // of the present hop, redacted
	Origin string `json:"origin"` // as scheme://host:port
	// Server is where the hop has asked for a connection last, as host:port: that of the
	// Origin, of a backend of a [middleware.Balance], or of a proxy; "": it has not.
	Server  string    `json:"server,omitempty"`
	Phase   CallPhase `json:"phase"`
	Started time.Time `json:"started"`
	// WaitsFor is what it waits for in PhaseMiddleware, as [middleware.NoteWait] has told: of
	// the library's policies "rate limit", "concurrency", "retry" (the next attempt), "token
	// source", "dedupe" (the response of another call), "balance" (the list) or "cache"
	// (what another process stores); "": nobody has.
	WaitsFor string `json:"waits_for,omitempty"`
	// Since is when the phase, or that wait, began.
	Since time.Time `json:"since"`
	// Hop is 1, and one more for each redirect; Attempt is how often the hop has
	// asked for a connection.
	Hop     int `json:"hop"`
	Attempt int `json:"attempt"`
	// Status and Read are of PhaseResponse: a response that is neither read to its
	// end nor closed, and how much of its body was read, decoded.
	Status int   `json:"status,omitempty"`
	Read   int64 `json:"read"`
	// Caller is the line of code that asked for such a response, as "file:line
	// function"; "" without [connector.Config.OnLeak].
	Caller string `json:"caller,omitempty"`
}

// FailureInfo is how calls have failed that have a class in common.
type FailureInfo struct {
	Class string `json:"class"` // see [errors.Class]
	Count uint64 `json:"count"`
	// Last is when that was for the last time, Method and URL whose call it was, and
	// Text its error. They have no secret.
	Last   time.Time `json:"last"`
	Method string    `json:"method"`
	URL    string    `json:"url"`
	Text   string    `json:"text"`
}

// Format writes the name of the type, whatever the verb.
func (i *Inspector) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "session.Inspector"}.Format(f, verb)
}

// Inspect has the session keep a list of its calls under way from now on, those of
// sessions that were derived from it included, and returns who has it: always the same
// one. Calls that have begun before are not in it, nor are WebSockets that are open.
// A session that was never asked pays nothing but the look whether it was; one that
// was, a few microseconds and some 30 allocations for each call.
func (s *Session) Inspect() *Inspector {
	s.inspector.CompareAndSwap(nil, &Inspector{calls: map[*inspected]struct{}{}, failed: map[string]*FailureInfo{}})
	return s.inspector.Load()
}

// Calls returns the calls under way, the oldest first.
func (i *Inspector) Calls() []CallInfo {
	i.mu.Lock()
	entries := make([]*inspected, 0, len(i.calls))
	for e := range i.calls {
		entries = append(entries, e)
	}
	i.mu.Unlock()
	all := make([]CallInfo, 0, len(entries))
	for _, e := range entries {
		if info, ok := e.snapshot(); ok {
			all = append(all, info)
		}
	}
	slices.SortFunc(all, func(a, b CallInfo) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// Begun is how many calls have begun since the inspection began.
func (i *Inspector) Begun() uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.begun
}

// Failures returns how calls have failed since then, the last first: also while a
// response was read.
func (i *Inspector) Failures() []FailureInfo {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := make([]FailureInfo, 0, len(i.failed))
	for _, f := range i.failed {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b FailureInfo) int { return b.Last.Compare(a.Last) })
	return all
}

// noteFailure counts the error of a call.
func (i *Inspector) noteFailure(method, url string, err error) {
	text, class, now := errors.RedactError(err), errors.Class(err), time.Now()
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.failed[class]
	if f == nil {
		f = &FailureInfo{Class: class}
		i.failed[class] = f
	}
	f.Count++
	f.Last, f.Method, f.URL, f.Text = now, method, url, text
}

// noteFailure tells the Inspector, if there is one, of an error that the caller gets,
// and returns it.
func (c *call) noteFailure(err error) error {
	if i := c.s.inspector.Load(); i != nil {
		i.noteFailure(c.method, errors.RedactURL(c.url), err)
	}
	return err
}

func (i *Inspector) add(e *inspected) {
	i.mu.Lock()
	i.calls[e] = struct{}{}
	i.begun++
	e.info.Number = i.begun
	i.mu.Unlock()
}

func (i *Inspector) remove(e *inspected) {
	i.mu.Lock()
	delete(i.calls, e)
	i.mu.Unlock()
}

// beginInspection puts the call on the list of the Inspector, and has its context tell
// how it fares.
func (c *call) beginInspection(i *Inspector) {
	e := newInspected(i, c)
	c.ensureExtras().inspected = e
	c.ctx.Context = httptrace.WithClientTrace(&inspectContext{c.ctx.Context, e}, e.clientTrace())
	c.ctx.settings.Trace = e.connectorTrace(c.ctx.settings.Trace)
}

// inspectedCall is the call's entry; nil: nobody inspects.
func (c *call) inspectedCall() *inspected {
	if c.extra == nil {
		return nil
	}
	return c.extra.inspected
}

// isWatched reports whether somebody wants to see each piece of the body.
func (c *call) isWatched() bool { return c.trace != nil || c.inspectedCall() != nil }

// inspectContext leads to the entry of the call.
type inspectContext struct {
	context.Context //nolint:containedctx // it is a context itself: the wrapped one is its parent
	entry           *inspected
}

type inspectKey struct{}

// Value is that of the call's context.
func (c *inspectContext) Value(key any) any {
	switch key {
	case inspectKey{}, httprule.WaitKey{}:
		return c.entry
	}
	return c.Context.Value(key)
}

// roundTripInspected notes that the middlewares have the call again.
func roundTripInspected(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if e, _ := req.Context().Value(inspectKey{}).(*inspected); e != nil {
		e.setPhase(PhaseMiddleware)
	}
	return resp, err
}

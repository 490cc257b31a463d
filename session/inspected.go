package session

import (
	"crypto/tls"
	"fmt"
	"net/http/httptrace"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// inspected is what an [Inspector] knows of a call. It must not lead to the call: the
// list of entries would keep alive what the garbage collector has to find.
//
//	beginInspection ──► on the list ──► finish: off the list
//	                        └─ nobody holds the call any more ─┘
type inspected struct {
	inspector *Inspector
	dropped   runtime.Cleanup // takes the entry off the list with the call

	mu    sync.Mutex
	info  CallInfo
	stack []uintptr // who asked for the response; nil: not known
	waits int       // counts the waits that were noted
	ended bool
}

func newInspected(i *Inspector, c *call) *inspected {
	e := &inspected{inspector: i}
	e.info.Started = c.ctx.settings.Started
	e.info.Hop = 0
	e.nextHop(c)
	i.add(e)
	e.dropped = runtime.AddCleanup(c, func(e *inspected) { e.inspector.remove(e) }, e)
	return e
}

// nextHop notes that the call goes to its present URL.
func (e *inspected) nextHop(c *call) {
	if e == nil {
		return
	}
	url, origin, phase := errors.RedactURL(c.url), httprule.OriginOf(c.url).String(), PhaseQueue
	if c.passesMiddleware() {
		phase = PhaseMiddleware
	}
	e.mu.Lock()
	e.info.Method, e.info.URL, e.info.Origin = c.method, url, origin
	e.info.Hop++
	e.info.Attempt, e.info.Server = 0, ""
	e.info.Phase, e.info.WaitsFor, e.info.Since = phase, "", time.Now()
	e.mu.Unlock()
}

func (e *inspected) setPhase(p CallPhase) {
	e.mu.Lock()
	e.enter(p, "")
	e.mu.Unlock()
}

// enter is setPhase under the lock.
func (e *inspected) enter(p CallPhase, waitsFor string) {
	if e.info.Status == 0 { // else the rest of an exchange that is not the caller's
		e.info.Phase, e.info.WaitsFor, e.info.Since = p, waitsFor, time.Now()
	}
}

// NoteWait notes what the call waits for in a middleware, until done, unless it does
// something else by then, or does already: the additional request of a Hedge may wait while
// the first one is on its way.
func (e *inspected) NoteWait(what string) (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.info.Phase != PhaseMiddleware {
		return func() {}
	}
	e.waits++
	own := e.waits
	e.enter(PhaseMiddleware, what)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.waits == own && e.info.WaitsFor != "" {
			e.enter(PhaseMiddleware, "")
		}
	}
}

// answered notes that the caller has the response.
func (e *inspected) answered(status int) {
	if e == nil {
		return
	}
	e.setPhase(PhaseResponse)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.info.Status = status
	if e.stack != nil { // the connector's may have begun in a goroutine of a policy's
		stack := make([]uintptr, maxCallerStack)
		e.stack = stack[:runtime.Callers(2, stack)]
	}
}

// maxCallerStack is how many calls are looked through for the caller's.
const maxCallerStack = 64

// addRead counts what was read of the body.
func (e *inspected) addRead(n int64) {
	if e == nil {
		return
	}
	e.mu.Lock()
	e.info.Read += n
	e.mu.Unlock()
}

// finish takes the entry off the list.
func (e *inspected) finish() {
	e.dropped.Stop()
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	e.inspector.remove(e)
}

func (e *inspected) setStack(stack []uintptr) {
	e.mu.Lock()
	if e.info.Status == 0 { // else it is another exchange's than the caller's
		e.stack = stack
	}
	e.mu.Unlock()
}

// snapshot is how the call stands; not ok: it has ended.
func (e *inspected) snapshot() (info CallInfo, ok bool) {
	e.mu.Lock()
	info, stack, ok := e.info, e.stack, !e.ended
	e.mu.Unlock()
	if info.Phase == PhaseResponse {
		info.Caller = callerOf(stack)
	}
	return info, ok
}

// clientTrace has the connector, or another RoundTripper, tell the phases. The hooks of
// one call may come from several goroutines.
func (e *inspected) clientTrace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(host string) {
			e.setPhase(PhaseQueue)
			e.mu.Lock()
			e.info.Attempt++
			e.info.Server = host
			e.mu.Unlock()
		},
		DNSStart:             func(httptrace.DNSStartInfo) { e.setPhase(PhaseDNS) },
		ConnectStart:         func(string, string) { e.setPhase(PhaseConnect) },
		TLSHandshakeStart:    func() { e.setPhase(PhaseTLS) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { e.setPhase(PhaseConnect) },
		GotConn:              func(httptrace.GotConnInfo) { e.setPhase(PhaseSend) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { e.setPhase(PhaseWait) },
		GotFirstResponseByte: func() { e.setPhase(PhaseWait) },
	}
}

// connectorTrace is t, which may be nil, and tells when a connection is made: a
// DialContext of the caller's does not.
func (e *inspected) connectorTrace(t *connector.Trace) *connector.Trace {
	all := new(connector.Trace)
	if t != nil {
		*all = *t
	}
	next := all.CreateStart
	all.CreateStart = func() {
		e.setPhase(PhaseConnect)
		if next != nil {
			next()
		}
	}
	return all
}

// module is where the frames are that are not the caller's.
const module = "github.com/aiolos-http/aiolos/"

// moduleDir is where its files are, as the compiler names them.
var moduleDir = sync.OnceValue(func() string {
	_, file, _, _ := runtime.Caller(0)
	return path.Dir(path.Dir(file)) + "/"
})

// callerOf is the first line of a stack that is neither the library's nor net/http's.
func callerOf(stack []uintptr) string {
	if len(stack) == 0 {
		return ""
	}
	for frames := runtime.CallersFrames(stack); ; {
		f, more := frames.Next()
		if !isOwnFrame(&f) {
			return fmt.Sprintf("%s:%d %s", filepath.Base(f.File), f.Line, f.Function)
		}
		if !more {
			return ""
		}
	}
}

// isOwnFrame reports whether a frame is of the library, or of net/http above it. The name
// of a closure that was inlined is that of the function which it is in now, and so is that
// of the body of a loop over an iterator: its file tells.
func isOwnFrame(f *runtime.Frame) bool {
	inside, ours := strings.CutPrefix(f.File, moduleDir())
	if strings.HasSuffix(f.File, "_test.go") || ours && strings.HasPrefix(inside, "cmd/") {
		return false
	}
	return ours || strings.Contains(f.File, module+"contrib/") || isOwnFunction(f.Function)
}

// isOwnFunction is isOwnFrame by the name of the function.
func isOwnFunction(function string) bool {
	pkg := function
	if base := strings.LastIndexByte(function, '/') + 1; strings.Contains(function[base:], ".") {
		name, _, _ := strings.Cut(function[base:], ".")
		pkg = function[:base] + name
	}
	switch {
	case pkg == "net/http":
		return true
	case strings.HasSuffix(pkg, "_test"), strings.HasPrefix(pkg, module+"cmd/"):
		return false
	}
	return strings.HasPrefix(pkg, module)
}

package har

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"
)

// trace notes when what happened. A transport that does not know httptrace
// leaves it empty: then all time up to the head is waiting.
//
// Hooks come in this order; a transport that sends the request again on another
// connection begins again, and then the last time counts:
//
//	GetConn ─ DNSStart ─ DNSDone ─ ConnectStart ─ ConnectDone ─ TLSHandshakeStart ─ TLSHandshakeDone ─┐
//	   └──────────────────────── a connection that is there already ──────────────────────────────────┴─ GotConn
//	GotConn ─ WroteRequest ─ GotFirstResponseByte
type trace struct {
	mu                  sync.Mutex
	dns, dial, tls      phase
	gotConn             time.Time
	wrote, replied      time.Time
	connected, answered string // the address that was connected to, and the connection's peer
}

// phase is a phase on the way to a connection. One that did not end has failed, or
// is of a connection that was not needed any more.
type phase struct{ start, done time.Time }

// withHooks adds the hooks of the trace to a context. The caller's own stay.
func (t *trace) withHooks(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { t.restartPhases() },
		DNSStart:     func(httptrace.DNSStartInfo) { t.recordPhase(&t.dns, phase.keepStart) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.recordPhase(&t.dns, phase.replaceDone) },
		ConnectStart: func(string, string) { t.recordPhase(&t.dial, phase.keepStart) },
		ConnectDone: func(_, address string, err error) {
			if err == nil {
				t.recordPhase(&t.dial, phase.keepDone)
				t.recordAddress(&t.connected, address)
			}
		},
		TLSHandshakeStart:    func() { t.recordPhase(&t.tls, phase.restart) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, _ error) { t.recordPhase(&t.tls, phase.replaceDone) },
		GotConn:              t.recordConn,
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.recordFirst(&t.wrote) },
		GotFirstResponseByte: func() { t.recordFirst(&t.replied) },
	})
}

// The moments of a span: the first of several starts, the last of several ends; the
// first success of several dials; the start of a handshake, of which the last is the
// server's (one before is its proxy's).
func (s phase) keepStart(now time.Time) phase {
	if s.start.IsZero() {
		s.start = now
	}
	return s
}
func (s phase) replaceDone(now time.Time) phase { return phase{s.start, now} }
func (s phase) keepDone(now time.Time) phase {
	if s.done.IsZero() {
		s.done = now
	}
	return s
}
func (s phase) restart(now time.Time) phase { return phase{start: now} }

// restartPhases is the start of a search for a connection.
func (t *trace) restartPhases() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dns, t.dial, t.tls = phase{}, phase{}, phase{}
	t.gotConn, t.connected = time.Time{}, ""
}

// recordConn is the end of the search. A request that got a connection which another
// one had dialed did not wait for its own dial: that is no part of its time.
func (t *trace) recordConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if info.Reused {
		t.dns, t.dial, t.tls = phase{}, phase{}, phase{}
	}
	t.gotConn, t.wrote, t.replied = time.Now(), time.Time{}, time.Time{}
	if info.Conn != nil && info.Conn.RemoteAddr() != nil {
		t.answered = info.Conn.RemoteAddr().String()
	}
}

// recordPhase notes a moment on the way to a connection. A hook that is called after
// GotConn belongs to a dial that this request does not use.
func (t *trace) recordPhase(span *phase, moment func(phase, time.Time) phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gotConn.IsZero() {
		*span = moment(*span, time.Now())
	}
}

// recordAddress notes an address, the first one.
func (t *trace) recordAddress(to *string, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gotConn.IsZero() && *to == "" {
		*to = address
	}
}

func (t *trace) recordFirst(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

// serverIP is the peer's IP address, or "": of a Unix socket, or if there was none.
func (t *trace) serverIP() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, err := netip.ParseAddrPort(cmp.Or(t.answered, t.connected))
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().WithZone("").String()
}

// splitTimings splits the time from start over head to end into phases that follow
// each other, and adds them up.
func (t *trace) splitTimings(start, head, end time.Time) (Timings, float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	dns, dial, ssl, ready := t.connectPhases(start, head)
	replied := timeWithin(t.replied, ready, head, head)
	wrote := timeWithin(t.wrote, ready, replied, ready)
	// An early answer may come before the last byte of the request.
	if t.wrote.After(replied) {
		wrote = replied
	}
	connect := dial // it includes ssl, and what a proxy is asked between the two
	if !ssl.start.IsZero() {
		connect.done = ssl.done
		if dial.start.IsZero() {
			connect.start = ssl.start
		}
	}
	split := Timings{
		DNS: dns.milliseconds(), Connect: connect.milliseconds(), SSL: ssl.milliseconds(),
		Send: milliseconds(wrote.Sub(ready)), Wait: milliseconds(replied.Sub(wrote)), Receive: milliseconds(end.Sub(replied)),
	}
	spent := max(0, split.DNS) + max(0, split.Connect)
	split.Blocked = max(0, milliseconds(ready.Sub(start))-spent)
	return split, split.Blocked + spent + split.Send + split.Wait + split.Receive
}

// connectPhases are those on the way to the connection, one after the other, and when it
// was ready. Without GotConn it was after the last of them; if that did not end, the
// request failed in it.
func (t *trace) connectPhases(start, head time.Time) (dns, dial, ssl phase, ready time.Time) {
	dns, dial, ssl = t.dns, t.dial, t.tls
	ready = timeWithin(t.gotConn, start, head, start)
	if t.gotConn.IsZero() {
		for _, span := range []*phase{&dns, &dial, &ssl} {
			if !span.start.IsZero() && span.done.IsZero() && t.wrote.IsZero() && t.replied.IsZero() {
				span.done = head
			}
			if span.done.After(ready) {
				ready = span.done
			}
		}
	}
	if !dial.start.IsZero() && dns.done.After(dial.start) { // the rest of its addresses
		dns.done = dial.start
	}
	return dns, dial, ssl, ready
}

// timeWithin is at, if it lies between from and to, and else instead.
func timeWithin(at, from, to, instead time.Time) time.Time {
	if at.IsZero() || at.Before(from) || at.After(to) {
		return instead
	}
	return at
}

// milliseconds is how long the phase was, or -1 if it did not happen.
func (s phase) milliseconds() float64 {
	if s.start.IsZero() || s.done.Before(s.start) {
		return -1
	}
	return milliseconds(s.done.Sub(s.start))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

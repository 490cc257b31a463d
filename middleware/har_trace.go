package middleware

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"
)

// harTrace notes when what happened. A transport that does not know httptrace
// leaves it empty: then all time up to the head is waiting.
//
// Hooks come in this order; a transport that sends the request again on another
// connection begins again, and then the last time counts:
//
//	GetConn ─ DNSStart ─ DNSDone ─ ConnectStart ─ ConnectDone ─ TLSHandshakeStart ─ TLSHandshakeDone ─┐
//	   └──────────────────────── a connection that is there already ──────────────────────────────────┴─ GotConn
//	GotConn ─ WroteRequest ─ GotFirstResponseByte
type harTrace struct {
	mu                  sync.Mutex
	dns, dial, tls      harSpan
	gotConn             time.Time
	wrote, replied      time.Time
	connected, answered string // the address that was connected to, and the connection's peer
}

// harSpan is a phase on the way to a connection. One that did not end has failed, or
// is of a connection that was not needed any more.
type harSpan struct{ start, done time.Time }

// listen adds our hooks to a context. The caller's own stay.
func (t *harTrace) listen(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { t.begin() },
		DNSStart:     func(httptrace.DNSStartInfo) { t.connecting(&t.dns, harSpan.first) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.connecting(&t.dns, harSpan.last) },
		ConnectStart: func(string, string) { t.connecting(&t.dial, harSpan.first) },
		ConnectDone: func(_, address string, err error) {
			if err == nil {
				t.connecting(&t.dial, harSpan.end)
				t.peer(&t.connected, address)
			}
		},
		TLSHandshakeStart:    func() { t.connecting(&t.tls, harSpan.again) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, _ error) { t.connecting(&t.tls, harSpan.last) },
		GotConn:              t.got,
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.sending(&t.wrote) },
		GotFirstResponseByte: func() { t.sending(&t.replied) },
	})
}

// The moments of a span: the first of several starts, the last of several ends; the
// first success of several dials; the start of a handshake, of which the last is the
// server's (one before is its proxy's).
func (s harSpan) first(now time.Time) harSpan {
	if s.start.IsZero() {
		s.start = now
	}
	return s
}
func (s harSpan) last(now time.Time) harSpan { return harSpan{s.start, now} }
func (s harSpan) end(now time.Time) harSpan {
	if s.done.IsZero() {
		s.done = now
	}
	return s
}
func (s harSpan) again(now time.Time) harSpan { return harSpan{start: now} }

// begin is the start of a search for a connection.
func (t *harTrace) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dns, t.dial, t.tls = harSpan{}, harSpan{}, harSpan{}
	t.gotConn, t.connected = time.Time{}, ""
}

// got is the end of it. What was dialed for a request that then got another's
// connection is no part of its time.
func (t *harTrace) got(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if info.Reused {
		t.dns, t.dial, t.tls = harSpan{}, harSpan{}, harSpan{}
	}
	t.gotConn, t.wrote, t.replied = time.Now(), time.Time{}, time.Time{}
	if info.Conn != nil && info.Conn.RemoteAddr() != nil {
		t.answered = info.Conn.RemoteAddr().String()
	}
}

// connecting notes a moment on the way to a connection. What comes after it is there
// is of another dial.
func (t *harTrace) connecting(span *harSpan, moment func(harSpan, time.Time) harSpan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gotConn.IsZero() {
		*span = moment(*span, time.Now())
	}
}

// peer notes an address, the first one.
func (t *harTrace) peer(to *string, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gotConn.IsZero() && *to == "" {
		*to = address
	}
}

func (t *harTrace) sending(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

// server is the peer's IP address, or "": of a Unix socket, or if there was none.
func (t *harTrace) server() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, err := netip.ParseAddrPort(cmp.Or(t.answered, t.connected))
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().WithZone("").String()
}

// timings splits the time from start over head to end into phases that follow
// each other, and adds them up.
func (t *harTrace) timings(start, head, end time.Time) (harTimings, float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	dns, dial, ssl, ready := t.phases(start, head)
	replied := harWithin(t.replied, ready, head, head)
	wrote := harWithin(t.wrote, ready, replied, ready)
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
	timings := harTimings{
		DNS: dns.milli(), Connect: connect.milli(), SSL: ssl.milli(),
		Send: harMilli(wrote.Sub(ready)), Wait: harMilli(replied.Sub(wrote)), Receive: harMilli(end.Sub(replied)),
	}
	spent := max(0, timings.DNS) + max(0, timings.Connect)
	timings.Blocked = max(0, harMilli(ready.Sub(start))-spent)
	return timings, timings.Blocked + spent + timings.Send + timings.Wait + timings.Receive
}

// phases are those on the way to the connection, one after the other, and when it
// was ready. Without GotConn it was after the last of them; if that did not end, the
// request failed in it.
func (t *harTrace) phases(start, head time.Time) (dns, dial, ssl harSpan, ready time.Time) {
	dns, dial, ssl = t.dns, t.dial, t.tls
	ready = harWithin(t.gotConn, start, head, start)
	if t.gotConn.IsZero() {
		for _, span := range []*harSpan{&dns, &dial, &ssl} {
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

// harWithin is at, if it lies between from and to, and else instead.
func harWithin(at, from, to, instead time.Time) time.Time {
	if at.IsZero() || at.Before(from) || at.After(to) {
		return instead
	}
	return at
}

// milli is how long the phase was, or -1 if it did not happen.
func (s harSpan) milli() float64 {
	if s.start.IsZero() || s.done.Before(s.start) {
		return -1
	}
	return harMilli(s.done.Sub(s.start))
}

func harMilli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

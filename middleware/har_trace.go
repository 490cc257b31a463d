package middleware

import (
	"context"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"
)

// harTrace notes when what happened. A transport that does not know httptrace
// leaves it empty: then all time up to the head is waiting.
type harTrace struct {
	mu                      sync.Mutex
	dnsStart, dnsDone       time.Time
	dialStart, dialDone     time.Time
	tlsStart, tlsDone       time.Time
	gotConn, wrote, replied time.Time
	address                 string
}

// listen adds our hooks to a context. The caller's own stay.
func (t *harTrace) listen(ctx context.Context) context.Context {
	hooks := &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { t.connecting(&t.dnsStart, false) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.connecting(&t.dnsDone, true) },
		ConnectStart: func(string, string) { t.connecting(&t.dialStart, false) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				t.connecting(&t.dialDone, true)
			}
		},
		TLSHandshakeStart: func() { t.connecting(&t.tlsStart, true) },
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.gotConn, t.wrote, t.replied = time.Now(), time.Time{}, time.Time{}
			if info.Conn != nil && info.Conn.RemoteAddr() != nil {
				t.address = info.Conn.RemoteAddr().String()
			}
		},
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.sending(&t.wrote) },
		GotFirstResponseByte: func() { t.sending(&t.replied) },
	}
	harHook(&hooks.TLSHandshakeDone, func() { t.connecting(&t.tlsDone, true) })
	return httptrace.WithClientTrace(ctx, hooks)
}

// harHook sets a hook whose first argument is not looked at.
func harHook[T any](hook *func(T, error), f func()) { *hook = func(T, error) { f() } }

// connecting notes a step on the way to a connection: the first time, or the
// last one before there is a connection. What comes later is of another dial.
func (t *harTrace) connecting(at *time.Time, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gotConn.IsZero() && (last || at.IsZero()) {
		*at = time.Now()
	}
}

func (t *harTrace) sending(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

// server is the peer's IP address, or "".
func (t *harTrace) server() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, err := netip.ParseAddrPort(t.address); err == nil {
		return at.Addr().String()
	}
	return ""
}

// timings splits the time from start over head to end into phases that follow
// each other, and adds them up.
func (t *harTrace) timings(start, head, end time.Time) (harTimings, float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ready := harWithin(t.gotConn, start, head, start)
	replied := harWithin(t.replied, ready, head, head)
	wrote := harWithin(t.wrote, ready, replied, ready)
	// An early answer may come before the last byte of the request.
	if t.wrote.After(replied) {
		wrote = replied
	}
	dns, dial, ssl := harPhase(t.dnsStart, t.dnsDone), harPhase(t.dialStart, t.dialDone), harPhase(t.tlsStart, t.tlsDone)
	if ssl >= 0 {
		dial = max(0, dial) + ssl
	}
	timings := harTimings{
		DNS: dns, Connect: dial, SSL: ssl,
		Blocked: max(0, harMilli(ready.Sub(start))-max(0, dns)-max(0, dial)),
		Send:    harMilli(wrote.Sub(ready)), Wait: harMilli(replied.Sub(wrote)), Receive: harMilli(end.Sub(replied)),
	}
	total := timings.Blocked + max(0, dns) + max(0, dial) + timings.Send + timings.Wait + timings.Receive
	return timings, total
}

// harWithin is at, if it lies between from and to, and else instead.
func harWithin(at, from, to, instead time.Time) time.Time {
	if at.IsZero() || at.Before(from) || at.After(to) {
		return instead
	}
	return at
}

func harPhase(from, to time.Time) float64 {
	if from.IsZero() || to.Before(from) {
		return -1
	}
	return harMilli(to.Sub(from))
}

func harMilli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

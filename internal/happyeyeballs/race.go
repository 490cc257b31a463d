package happyeyeballs

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"time"
)

// race is the attempts of one Dial. Only the goroutine of Dial touches it; the
// attempts report to results.
type race struct {
	attempt func(context.Context, netip.AddrPort) (net.Conn, error)
	addrs   []netip.AddrPort
	delay   time.Duration
	timer   *time.Timer
	results chan result // unbuffered: what Dial does not take is the attempt's to close
	started int
	running int
}

type result struct {
	nc    net.Conn
	index int
	err   error
}

func (d *Dialer) dialRacing(ctx context.Context, addrs []netip.AddrPort) (net.Conn, netip.AddrPort, error) {
	delay := cmp.Or(d.Delay, DefaultDelay)
	delay = max(delay, MinDelay)
	if ctx.Err() != nil {
		return nil, netip.AddrPort{}, context.Cause(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the losers
	r := &race{
		attempt: d.Attempt, addrs: addrs, delay: delay,
		timer: time.NewTimer(delay), results: make(chan result),
	}
	defer r.timer.Stop()
	return r.awaitFirst(ctx)
}

func (r *race) awaitFirst(ctx context.Context) (net.Conn, netip.AddrPort, error) {
	var failed failures
	r.startNext(ctx)
	for r.running > 0 {
		select {
		case <-ctx.Done():
			return nil, netip.AddrPort{}, context.Cause(ctx)
		case <-r.timer.C:
			r.startNext(ctx)
		case got := <-r.results:
			addr := r.addrs[got.index]
			if got.err == nil {
				return got.nc, addr, nil
			}
			r.running--
			failed = append(failed, Failure{addr, got.err})
			// An older attempt's failure leaves the newest one its time.
			if got.index == r.started-1 {
				r.startNext(ctx)
			}
		}
	}
	if ctx.Err() != nil {
		return nil, netip.AddrPort{}, context.Cause(ctx)
	}
	return nil, netip.AddrPort{}, failed.joinErrors()
}

// startNext starts the next attempt, if there is one.
func (r *race) startNext(ctx context.Context) {
	if r.started == len(r.addrs) {
		return
	}
	index := r.started
	r.started++
	r.running++
	r.timer.Reset(r.delay)
	go func() {
		nc, err := r.attempt(ctx, r.addrs[index])
		select {
		case r.results <- result{nc, index, err}:
		case <-ctx.Done(): // Dial has returned, or is about to
			if err == nil {
				nc.Close() // nobody wants it
			}
		}
	}()
}

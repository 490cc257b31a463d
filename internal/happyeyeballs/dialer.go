package happyeyeballs

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// The bounds of [Dialer.Delay] are those of RFC 8305 section 8: Connection
// Attempt Delay, and the minimum that it MUST NOT fall below.
const (
	DefaultDelay = 250 * time.Millisecond
	MinDelay     = 10 * time.Millisecond
)

// Dialer connects to one of several addresses. It is safe for concurrent use as
// long as its fields are not changed.
type Dialer struct {
	// Delay is how long an attempt runs before the next one starts beside it. 0
	// is [DefaultDelay]; less than [MinDelay] is MinDelay. Negative is one
	// attempt after the other. (aiohttp: happy_eyeballs_delay)
	Delay time.Duration
	// Interleave is the n of [Interleave]. 0 is 1, or, where one attempt is made
	// after the other, the order as given. Negative is always the order as given.
	Interleave int
	// Attempt connects to one address, within a time of its own, and returns soon
	// after ctx is done. Ctx ends when Dial returns: the connection must not hang
	// on it. It may be called in several goroutines at a time. Required.
	Attempt func(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
}

// Dial returns the first connection that an attempt makes, and the address that
// it is to. The caller closes it. The other attempts are cancelled, and what
// they connect nevertheless is closed; Dial does not wait for that.
//
// When all attempts fail, the error is that of the only one, or an [Error] of
// all. When ctx is done it is [context.Cause], at once; with one address, or one
// after the other, as soon as the attempt under way returns.
func (d *Dialer) Dial(ctx context.Context, addrs []netip.AddrPort) (net.Conn, netip.AddrPort, error) {
	if len(addrs) == 0 {
		err := &errors.ClientOSError{Op: "dial", Err: errors.New("no address to connect to")}
		return nil, netip.AddrPort{}, err
	}
	sequential := d.Delay < 0
	if n := d.Interleave; len(addrs) > 1 && (n > 0 || n == 0 && !sequential) {
		addrs = Interleave(addrs, n)
	}
	if sequential || len(addrs) == 1 {
		return d.dialInTurn(ctx, addrs)
	}
	return d.dialRacing(ctx, addrs)
}

// dialInTurn makes one attempt after the other, and needs no goroutine.
func (d *Dialer) dialInTurn(ctx context.Context, addrs []netip.AddrPort) (net.Conn, netip.AddrPort, error) {
	var failed failures
	for _, a := range addrs {
		if ctx.Err() != nil {
			return nil, netip.AddrPort{}, context.Cause(ctx)
		}
		nc, err := d.Attempt(ctx, a)
		if err == nil {
			return nc, a, nil
		}
		failed = append(failed, Failure{a, err})
	}
	if ctx.Err() != nil {
		return nil, netip.AddrPort{}, context.Cause(ctx)
	}
	return nil, netip.AddrPort{}, failed.joinErrors()
}

package dnscache

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// call is one asking of the resolver. What follows done is set before done is
// closed, and is not changed after.
type call struct {
	key    key
	cancel context.CancelFunc
	done   chan struct{}
	entry  *entry
	stale  bool
	err    error
}

// beginCall asks the resolver, detached from the one who asks: ctx gives only its
// values. The caller holds the lock.
func (c *Cache) beginCall(ctx context.Context, k key) *call {
	ctx = context.WithoutCancel(ctx)
	cl := &call{key: k, done: make(chan struct{})}
	if c.cfg.Timeout > 0 {
		ctx, cl.cancel = context.WithTimeout(ctx, c.cfg.Timeout)
	} else {
		ctx, cl.cancel = context.WithCancel(ctx)
	}
	c.calls[k] = cl
	c.running[cl] = struct{}{}
	go c.runCall(ctx, cl)
	return cl
}

func (c *Cache) runCall(ctx context.Context, cl *call) {
	defer cl.cancel()
	addrs, err := c.cfg.Resolver.LookupNetIP(ctx, c.cfg.Network, cl.key.host)
	if err != nil {
		err = dnsError(cl.key.host, err)
	} else if addrs = usableAddrs(addrs, c.cfg.Network); len(addrs) == 0 {
		err = &net.DNSError{Err: "no suitable address", Name: cl.key.host, IsNotFound: true}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endCall(cl, addrs, err)
}

// endCall gives cl its outcome, and keeps that if it may be kept.
func (c *Cache) endCall(cl *call, addrs []netip.Addr, err error) {
	if _, ok := c.running[cl]; !ok {
		return // Close has settled it
	}
	delete(c.running, cl)
	now := time.Now()
	var old *entry
	current := c.calls[cl.key] == cl // or what it finds is older than a Clear
	if current {
		delete(c.calls, cl.key)
		old = c.entries[cl.key]
	}
	switch {
	case err == nil:
		cl.entry = &entry{key: cl.key, addrs: addrs, expires: now.Add(c.cfg.TTL)}
		if current && c.cfg.TTL > 0 {
			c.storeEntry(cl.entry)
		}
	case old != nil && isTemporary(err) && now.Before(old.expires.Add(c.cfg.Stale)):
		c.recent.MoveToFront(old.place)
		cl.entry, cl.stale = old, true
	default:
		cl.err = err
		if old != nil { // the host is gone, or what is known of it is too old
			c.dropEntry(old)
		}
	}
	close(cl.done)
}

// dnsError makes a *net.DNSError of what a resolver failed with.
func dnsError(host string, err error) error {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return err
	}
	timeout := errors.Is(err, context.DeadlineExceeded)
	if t, ok := errors.AsType[net.Error](err); ok {
		timeout = timeout || t.Timeout()
	}
	return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, IsTimeout: timeout}
}

// isTemporary reports whether asking again may succeed: after any error but a name
// server's answer that there is no such host.
func isTemporary(err error) bool {
	d, ok := errors.AsType[*net.DNSError](err)
	return !ok || !d.IsNotFound
}

// usableAddrs are the addresses of the network, unmapped, each once, in their order.
// It works in addrs.
func usableAddrs(addrs []netip.Addr, network string) []netip.Addr {
	kept := addrs[:0]
	for _, a := range addrs {
		a = a.Unmap()
		if !a.IsValid() || network == "ip4" && !a.Is4() || network == "ip6" && a.Is4() ||
			slices.Contains(kept, a) {
			continue
		}
		kept = append(kept, a)
	}
	return kept
}

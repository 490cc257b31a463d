package middleware

import (
	"context"
	"fmt"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// retryLookup is after what time a look-up that has failed is tried again.
const retryLookup = 5 * time.Second

// The list of the backends is looked up when a request needs it:
//
//	none yet   every request waits for the one look-up; if that fails, so do they
//	fresh      nothing
//	too old    the request begins a look-up, and goes by the old list, as do all others
//	           until a new one is there

// lookupKey marks the contexts of look-ups.
type lookupKey struct{ by *Balancer }

// ensureMembers sees to it that there is a list.
func (b *Balancer) ensureMembers(ctx context.Context) error {
	known, due := b.claimLookup()
	if !due {
		return nil
	}
	// Nobody waits for the look-up of a list that is too old, nor leaves it: it ends by its timeout.
	f, _ := b.lookups.joinOrStart(ctx, "", func(ctx context.Context, _ func() int) (struct{}, error) {
		return struct{}{}, b.lookUp(ctx)
	})
	if known {
		return nil
	}
	defer NoteWait(ctx, balancePolicy)()
	_, err := b.lookups.awaitResult(ctx, "", f)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return httprule.ContextError(ctx)
	}
	return &NoBackendError{Err: err}
}

// claimLookup reports whether there is a list, and whether the caller has to look it up.
func (b *Balancer) claimLookup() (known, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		return false, true
	}
	now := time.Now()
	if b.due.IsZero() || b.due.After(now) {
		return true, false
	}
	b.due = now.Add(b.cfg.LookupTimeout + retryLookup) // until this one is over
	return true, true
}

// lookUp gets a new list.
func (b *Balancer) lookUp(ctx context.Context) error {
	began := time.Now()
	members, err := b.fetchMembers(ctx)
	b.mu.Lock()
	b.count.lookups++
	b.failure = err
	now := time.Now()
	switch {
	case err != nil:
		b.count.lookupsFailed++
		b.due = now.Add(retryLookup)
	case b.cfg.Refresh > 0:
		b.due = now.Add(b.cfg.Refresh)
	default:
		b.due = time.Time{}
	}
	if err == nil {
		b.adoptMembers(members)
	}
	b.mu.Unlock()
	e := Event{Policy: balancePolicy, Kind: EventFetched, Host: b.cfg.Host, Wait: now.Sub(began), Err: err}
	if err != nil {
		e.Kind = EventFailed
	}
	tellEvent(b.cfg.OnEvent, ctx, e)
	return err
}

// fetchMembers asks for the list.
func (b *Balancer) fetchMembers(ctx context.Context) (members []*member, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.LookupTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil { // here nobody else could
			err = fmt.Errorf("the look-up has panicked: %v", v)
		}
	}()
	var backends []Backend
	if b.cfg.Lookup != nil {
		backends, err = b.cfg.Lookup(context.WithValue(ctx, lookupKey{b}, true))
	} else {
		backends, err = b.fetchSRV(ctx)
	}
	if err != nil {
		return nil, err
	}
	return parseBackends(backends)
}

// adoptMembers takes a new list. What is known of a backend that was in the old one stays.
// The first round begins anywhere, so that programs that send one request each do not all
// send it to the same backend.
func (b *Balancer) adoptMembers(members []*member) {
	before := make(map[string]*member, len(b.members))
	for _, m := range b.members {
		before[m.name] = m
	}
	for i, m := range members {
		if old := before[m.name]; old != nil {
			old.backend = m.backend
			members[i] = old
		}
	}
	first := !b.known
	b.members, b.known = members, true
	if first && len(members) > 1 {
		for _, m := range members {
			m.rank = memberRank{priority: m.backend.Priority}
		}
		for range b.random(int64(len(members))) {
			b.takeTurn(members[0].rank)
		}
	}
}

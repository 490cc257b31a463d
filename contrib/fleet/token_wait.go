package fleet

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// tokenWait is one call of [SharedToken.Fetch].
//
//	         +------------ news, or the time is over ------------+
//	         v                                                   |
//	ask --> the lock is another's --------------------------> waiting
//	 | |
//	 | +--> there is a token that is not the rejected one --> it is returned
//	 |
//	 +----> the lock is ours --> fetch, renew the lock --> stored --------------> ours is returned
//	                                  |                |
//	                                  |                +--> there is a newer one --> that is returned
//	                                  +--> failed: told to those who wait
type tokenWait struct {
	source   *SharedToken
	tag      string
	rejected string // what must not come back; "": nothing
	awaited  int64  // the lock that is waited for: what it brings is taken whenever it ends
	unread   bool   // a stored token could not be read
}

// get is the token, and whether this process has fetched it.
func (w *tokenWait) get(ctx context.Context) (token middleware.Token, fetched bool, err error) {
	s := w.source
	woken, stop := s.listen(w.tag)
	defer stop()
	for {
		asked := time.Now()
		answer, err := w.ask(ctx)
		switch {
		case err != nil:
			return w.without(ctx, err)
		case answer.kind == tokenThere:
			token, again, err := w.accept(ctx, answer, asked)
			if !again {
				return token, false, err
			}
		case answer.kind == tokenFailed:
			return token, false, newSharedFetchError(answer.text)
		case answer.kind == tokenOurs:
			return w.refresh(ctx, answer.fence)
		default:
			if w.awaited == 0 {
				s.count.waited.Add(1)
			}
			w.awaited = answer.fence
			if err := w.sleep(ctx, woken, s.pollAfter(answer.left)); err != nil {
				return token, false, err
			}
		}
	}
}

// accept is the stored token; again says that it will not do, and that it is rejected when
// it is asked for once more.
func (w *tokenWait) accept(ctx context.Context, answer tokenAnswer, asked time.Time) (token middleware.Token, again bool, err error) {
	s := w.source
	if w.isOlder(answer) {
		w.rejected = answer.print
		return token, true, nil
	}
	token, err = s.open(w.tag, answer, asked)
	if err == nil {
		s.remember(w.tag, answer.print, asked.Add(-answer.age))
		return token, false, nil
	}
	if w.unread {
		return token, false, err
	}
	s.fleet.tell(ctx, middleware.Event{Policy: tokenPart, Kind: middleware.EventFailed, Err: err})
	w.rejected, w.unread = answer.print, true
	return token, true, nil
}

// maxLast is how many last tokens are remembered.
const maxLast = 256

func (s *SharedToken) remember(tag, printed string, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) >= maxLast {
		clear(s.last)
	}
	s.last[tag] = lastToken{printed, since}
}

// isOlder reports whether the stored token is older than the one that was rejected, which
// this process has fetched without Redis: then it will not do either. Spans of time are
// compared, not clocks; within a round trip it is not known, and the answer is no.
func (w *tokenWait) isOlder(answer tokenAnswer) bool {
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	last := w.source.last[w.tag]
	return w.rejected != "" && w.rejected == last.print && time.Since(last.since) < answer.age
}

// sleep waits for news, or for that long.
func (w *tokenWait) sleep(ctx context.Context, woken <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-woken:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return middleware.ContextError(ctx)
	}
}

// without is what happens when Redis does not answer.
func (w *tokenWait) without(ctx context.Context, err error) (token middleware.Token, fetched bool, _ error) {
	s := w.source
	if ctx.Err() != nil {
		return token, false, middleware.ContextError(ctx)
	}
	if !isUnavailable(err) || s.fleet.cfg.Unavailable == Refuse {
		return token, false, err
	}
	s.count.local.Add(1)
	if token, err = w.fetch(ctx); err == nil {
		s.remember(w.tag, s.printOf(token), time.Now()) // what others have got meanwhile is not newer
	}
	return token, true, err
}

// fetch gets a token from its server.
func (w *tokenWait) fetch(ctx context.Context) (middleware.Token, error) {
	s := w.source
	began := time.Now()
	token, err := s.cfg.Fetch(ctx)
	e := middleware.Event{Policy: tokenPart, Kind: middleware.EventFetched, Wait: time.Since(began), Err: err}
	if err != nil {
		e.Kind = middleware.EventFailed
		s.count.failed.Add(1)
	} else {
		s.count.fetched.Add(1)
		s.remember(w.tag, s.printOf(token), began)
	}
	s.fleet.tell(ctx, e)
	return token, err
}

// refresh fetches a token for all. Whatever happens, the others hear of it at once.
func (w *tokenWait) refresh(ctx context.Context, fence int64) (token middleware.Token, fetched bool, err error) {
	stop := w.keepLock(ctx, fence)
	defer stop()
	returned := false
	defer func() {
		if !returned { // Fetch has panicked
			w.release(ctx, fence, "")
		}
	}()
	token, err = w.fetch(ctx)
	returned = true
	switch {
	case err != nil && ctx.Err() != nil:
		w.release(ctx, fence, "") // somebody else may do it
		return token, true, err
	case err != nil:
		w.release(ctx, fence, failureText(err))
		return token, true, err
	}
	return w.store(ctx, fence, token)
}

// keepLock renews the lock until it is stopped. A lock that is lost is noticed when the token
// is stored.
func (w *tokenWait) keepLock(ctx context.Context, fence int64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		beat := time.NewTicker(w.source.fleet.cfg.Lease / 3)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				w.renew(ctx, fence)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

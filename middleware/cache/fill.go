package cache

import (
	"context"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// Filler is what a [Store] is besides if several caches share it, in other processes too,
// and one of them at a time is to ask the server for what all of them want. A cache asks it
// before a GET goes to the server that may bring what others wait for: on a miss, and where
// a response was fresh once and is no longer. Where stale responses may be used meanwhile
// (RFC 5861 3) only the fetch in the background asks.
//
//	StartFill --- end ------> ask the server --- end(FillStored) ------> others look again
//	     |                                   --- end(FillUnstorable) --> all ask the server
//	     |                                   --- end(FillAbandoned) ---> another one's turn
//	     +------- stored ---> look again, once; if that does not do, ask the server
//	     +------- neither --> ask the server, without regard to others
type Filler interface {
	// StartFill waits, within ctx, until it is the caller's turn to fill key or another one
	// has done it. seen is what the caller has found under the key, nil if nothing: if
	// something else is there now, that counts as stored.
	//
	// If end is not nil it is the caller's turn. The cache calls it once: when the response
	// is in the store, or is known not to come there, which may be long after the request if
	// its body is read slowly, or never, if it is never closed: so a turn needs a bound. It
	// is called by any goroutine. An error that is not of ctx is told to [Config].OnError,
	// and the request goes to the server.
	StartFill(ctx context.Context, key string, seen *Meta) (end func(FillResult), stored bool, err error)
}

// FillResult is how a turn to fill a key has ended.
type FillResult int

const (
	// FillStored is that what was asked for is in the store.
	FillStored FillResult = iota
	// FillUnstorable is that there was no response, or that it may not be stored, is too large, or the
	// store failed. Whoever waits had better ask the server too, at once.
	FillUnstorable
	// FillAbandoned is that the caller has given up, or that what it got was invalidated,
	// which says nothing of the next.
	FillAbandoned
)

// String is the name of the constant.
func (r FillResult) String() string {
	switch r {
	case FillStored:
		return "stored"
	case FillUnstorable:
		return "unstorable"
	case FillAbandoned:
		return "abandoned"
	}
	return "unknown"
}

// maxFills is how often one request waits at most: for the index of the variants, for its
// variant, and once more if the index was replaced meanwhile.
const maxFills = 3

// fill is the turn of an exchange to fill a key.
type fill struct {
	end     func(FillResult) // nil: it is not its turn
	key     string           // the last that it waited for
	started int
}

// finish ends the turn, if it is one.
func (f *fill) finish(result FillResult) {
	if end := f.end; end != nil {
		f.end = nil
		end(result)
	}
}

// mayAwaitFill reports whether what another one stores could answer the request, where
// entry, which may be nil, does not.
func (x *exchange) mayAwaitFill(entry *Entry, s *entryState) bool {
	if x.req.Method == http.MethodHead || x.cc.noCache || x.cc.maxAge == 0 || x.cc.onlyIfCached {
		return false
	}
	return entry == nil || s.lifetime > 0 && !s.policy.cc.noCache
}

// startFill reports whether another one has filled the key. Otherwise the exchange asks the
// server, for others too if x.fill has an end. Each key is waited for once.
func (x *exchange) startFill(key string, seen *Meta) (stored bool, err error) {
	filler := x.cache.filler
	if filler == nil || x.fill.started == maxFills || x.fill.started > 0 && x.fill.key == key {
		return false, nil
	}
	x.fill.key = key
	x.fill.started++
	ctx := x.req.Context()
	noLonger := middleware.NoteWait(ctx, "cache")
	x.fill.end, stored, err = filler.StartFill(ctx, key, seen)
	noLonger()
	switch {
	case err == nil:
		return stored, nil
	case ctx.Err() != nil:
		return false, httprule.ContextError(ctx)
	}
	x.cache.reportError("fill", err)
	return false, nil
}

// askFilling asks the server by ask. The turn ends with it, unless it has ended already or
// is the body's by now.
func (x *exchange) askFilling(ask func() error) error {
	if x.fill.end == nil {
		return ask()
	}
	result := FillAbandoned // also if it panics
	defer func() { x.fill.finish(result) }()
	err := ask()
	if err == nil || x.req.Context().Err() == nil {
		result = FillUnstorable
	}
	return err
}

// metaOf is the head of an entry, which may be nil.
func metaOf(entry *Entry) *Meta {
	if entry == nil {
		return nil
	}
	return entry.Meta
}

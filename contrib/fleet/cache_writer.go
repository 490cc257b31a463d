package fleet

import (
	"context"
	"crypto/rand"
	"strconv"

	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"
)

// cacheWriter is an entry that is not visible yet. The first piece stays here until then;
// the others go to Redis when they are full.
type cacheWriter struct {
	store *CacheStore
	names cacheNames
	key   string
	meta  *cache.Meta
	text  []byte
	gen   string
	lead  *lead // whose turn it is part of, or nil

	first  []byte
	piece  []byte
	index  int64 // of pieces written, the first counted
	size   int64
	failed bool
	over   bool // committed, aborted, or too large
}

func newCacheWriter(s *CacheStore, key string, meta *cache.Meta, text []byte) *cacheWriter {
	w := &cacheWriter{store: s, names: s.namesOf(key), key: key, meta: meta, text: text, gen: rand.Text(), lead: s.leadOf(key, meta), index: 1}
	if w.lead != nil {
		w.lead.begin()
	}
	return w
}

// Write takes all but what is too large, which is dropped without an error as in
// [cache.Memory].
func (w *cacheWriter) Write(p []byte) (n int, err error) {
	w.size += int64(len(p))
	if limit := w.store.cfg.MaxBody; limit >= 0 && w.size > limit && !w.over {
		w.drop()
	}
	if w.over {
		return len(p), nil
	}
	if w.lead != nil {
		w.lead.moved.Store(true)
	}
	for n < len(p) {
		to := &w.piece
		if len(w.first) < pieceSize {
			to = &w.first
		}
		if len(w.piece) == pieceSize {
			if err := w.writePiece(); err != nil {
				return n, err
			}
		}
		part := p[n:min(len(p), n+pieceSize-len(*to))]
		*to = append(*to, part...)
		n += len(part)
	}
	return n, nil
}

// writePiece writes the piece, which expires with the others unless one follows or all is
// committed.
func (w *cacheWriter) writePiece() error {
	stored := w.names.sumPiece(w.meta.ID, w.gen, w.index, 0, w.piece) + string(w.piece)
	keep := 4 * w.store.fleet.cfg.Lease
	_, err := call(context.Background(), w.store.writes, func(ctx context.Context, c redis.UniversalClient) (any, error) {
		return cachePieceScript.Run(ctx, c, []string{w.names.body(w.gen)}, strconv.FormatInt(w.index, 10), stored, keep.Milliseconds()).Result()
	})
	w.failed = err != nil
	w.piece = w.piece[:0]
	w.index++
	return err
}

// Commit writes what is left, and makes the entry visible, unless its URL was forgotten
// since it was asked for.
func (w *cacheWriter) Commit() error {
	if w.over {
		return nil
	}
	if len(w.piece) > 0 {
		if err := w.writePiece(); err != nil {
			return err
		}
	}
	s := w.store
	g := s.guardOf(w.key, w.meta)
	if w.meta.Vary != nil {
		g.token = "" // what the index leads to is still to come
	}
	first := w.names.sumPiece(w.meta.ID, w.gen, 0, w.size, w.first) + string(w.first)
	keys := []string{w.names.head, w.names.body(w.gen), w.names.index, w.names.gone, g.lease(w.names)}
	args := append(g.args(), w.gen, w.meta.ID, w.text, w.names.sumHead(w.text), markOf(w.meta), w.size, first, w.index-1,
		s.keepFor(w.meta).Milliseconds(), s.cfg.MaxKeep.Milliseconds(), keepReplaced.Milliseconds())
	done, err := call(context.Background(), s.writes, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
		return cacheCommitScript.Run(ctx, c, keys, args...).Int64()
	})
	w.failed = err != nil
	switch {
	case err != nil:
		return err
	case done < 0:
		return errLost
	}
	w.over = true
	if s.afterWrite(done, g) {
		s.count.stored.Add(1)
		s.count.bytes.Add(w.size)
	}
	return nil
}

// Abort removes what was written, if Redis answers; otherwise it expires.
func (w *cacheWriter) Abort() {
	if !w.over {
		w.over = true
		w.removePieces()
	}
}

// drop gives up what is too large, and lets those who wait for it go.
func (w *cacheWriter) drop() {
	w.Abort()
	if w.lead != nil {
		w.lead.end(cache.FillUnstorable)
	}
}

func (w *cacheWriter) removePieces() {
	w.first, w.piece = nil, nil
	if w.index == 1 || w.failed {
		return
	}
	// Abort has nobody to tell; the caller has counted it.
	_, _ = call(context.Background(), w.store.writes, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
		return c.Unlink(ctx, w.names.body(w.gen)).Result()
	})
}

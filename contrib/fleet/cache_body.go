package fleet

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
)

// cacheBody is the body of an entry. It gives no byte of a piece before it has seen that
// the piece is right, and all pieces are of one generation.
type cacheBody struct {
	store *CacheStore
	names cacheNames
	id    string
	gen   string
	size  int64

	ready  []byte   // of the first piece that was taken, what was not given yet
	next   [][]byte // further pieces
	index  int64    // of pieces taken
	taken  int64    // bytes of these
	err    error
	closed chan struct{}
	once   sync.Once // that closes it
}

// take checks the next piece, as it is in Redis: its sum, and its bytes.
func (b *cacheBody) take(stored []byte) error {
	length := min(b.size-b.taken, pieceSize)
	if int64(len(stored)) != sumSize+length {
		return errDamaged
	}
	size := int64(0)
	if b.index == 0 {
		size = b.size
	}
	piece := stored[sumSize:]
	if b.names.sumPiece(b.id, b.gen, b.index, size, piece) != string(stored[:sumSize]) {
		return errDamaged
	}
	if len(b.ready) == 0 {
		b.ready = piece
	} else {
		b.next = append(b.next, piece)
	}
	b.index++
	b.taken += length
	return nil
}

// readAhead is how many pieces are read at once.
const readAhead = 4

// fetchNext reads the next pieces.
func (b *cacheBody) fetchNext() error {
	var fields []string
	for i := b.index; i < b.index+readAhead && i*pieceSize < b.size; i++ {
		fields = append(fields, strconv.FormatInt(i, 10))
	}
	values, err := call(context.Background(), b.store.reads, func(ctx context.Context, c redis.UniversalClient) ([]any, error) {
		return c.HMGet(ctx, b.names.body(b.gen), fields...).Result()
	})
	if err != nil {
		return err
	}
	for _, value := range values {
		stored, ok := value.(string)
		if !ok {
			return errEvicted
		}
		if err := b.take([]byte(stored)); err != nil {
			return err
		}
	}
	return nil
}

// fill has something ready, or returns why not.
func (b *cacheBody) fill() error {
	switch {
	case b.isClosed():
		return errBodyClosed
	case b.err != nil:
		return b.err
	case len(b.ready) > 0:
	case len(b.next) > 0:
		b.ready, b.next = b.next[0], b.next[1:]
	case b.taken == b.size:
		return io.EOF
	default:
		err := b.fetchNext()
		if isUnavailable(err) && b.awaitRedis() {
			err = b.fetchNext()
		}
		if err != nil {
			if !isUnavailable(err) {
				b.store.count.damaged.Add(1)
			}
			b.err = &errors.ClientPayloadError{Received: b.taken, Expected: b.size, Err: err}
			return b.err
		}
	}
	return nil
}

var errBodyClosed = errors.New("fleet cache: the body is closed")

// Read returns an [errors.ClientPayloadError] where a piece is wrong, gone, or not to be had
// now. If Redis does not answer it asks once more, after RetryAfter.
func (b *cacheBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := b.fill(); err != nil {
		return 0, err
	}
	n := copy(p, b.ready)
	b.ready = b.ready[n:]
	return n, nil
}

// WriteTo writes piece by piece.
func (b *cacheBody) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if err := b.fill(); err == io.EOF {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := w.Write(b.ready)
		b.ready = b.ready[n:]
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

// Close ends it. There is nothing to give back.
func (b *cacheBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *cacheBody) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

// maxAwait bounds for how long a body waits for Redis.
const maxAwait = 2 * time.Second

// awaitRedis waits until it may be asked again, and reports whether the body is still open.
// A body that has begun can come from nowhere else.
func (b *cacheBody) awaitRedis() bool {
	timer := time.NewTimer(min(max(b.store.fleet.cfg.RetryAfter, 0), maxAwait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-b.closed:
		return false
	}
}

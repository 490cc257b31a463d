package fleet

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

const (
	pieceSize = 64 << 10
	sumSize   = 16
	// headPiece stands for the head where pieces are counted.
	headPiece = -1
)

// headFields are what is read of an entry, in the order of the constants.
var headFields = []string{"head", "sum", "size", "gen", "first"}

const (
	fieldHead = iota
	fieldSum
	fieldSize
	fieldGen
	fieldFirst
)

var (
	errDamaged = errors.New("fleet cache: the entry in redis is damaged")
	errEvicted = errors.New("fleet cache: a part of the entry is no longer in redis")
	errLost    = errors.New("fleet cache: pieces of the body have expired before the last one came")
)

// cacheNames are the keys of Redis for a key of the cache.
type cacheNames struct {
	head, index, lease, indexLease, none, gone string

	key [sha256.Size]byte
}

func (s *CacheStore) namesOf(key string) cacheNames {
	primary := cache.PrimaryKey(key)
	n := cacheNames{key: sha256.Sum256([]byte(key))}
	url := sha256.Sum256([]byte(primary))
	tag := base64.RawURLEncoding.EncodeToString(url[:])
	name := func(rest string) string { return s.fleet.key("cache", tag, rest) }
	n.index, n.gone = name("url"), name("gone")
	n.head = n.index
	if key != primary {
		n.head = name(base64.RawURLEncoding.EncodeToString(n.key[:sumSize]))
	}
	n.lease, n.indexLease, n.none = n.head+":fill", n.index+":fill", n.head+":none"
	return n
}

// body is the key of the pieces of a generation behind the first.
func (n cacheNames) body(gen string) string { return n.head + ":b:" + gen }

// sumHead is the sum of a head. It covers the key, so that the head of another one does not
// pass for it.
func (n cacheNames) sumHead(text []byte) string { return n.sum("", headPiece, 0, text) }

// sumPiece is the sum of a piece. It covers whose it is and where it stands; that of the
// first also the size of all.
func (n cacheNames) sumPiece(id, gen string, index, size int64, piece []byte) string {
	return n.sum(id+"\n"+gen, index, size, piece)
}

func (n cacheNames) sum(whose string, index, size int64, data []byte) string {
	h := sha256.New()
	prefix := append(n.key[:], whose...)
	prefix = binary.BigEndian.AppendUint64(prefix, uint64(index)) //nolint:gosec // any value does
	prefix = binary.BigEndian.AppendUint64(prefix, uint64(size))  //nolint:gosec // any value does
	_, _ = h.Write(prefix)                                        // a hash takes all
	_, _ = h.Write(data)
	return string(h.Sum(nil)[:sumSize])
}

// markOf tells the states of an entry apart; empty is none.
func markOf(m *cache.Meta) string {
	if m == nil {
		return ""
	}
	return m.ID + " " + strconv.FormatInt(m.Received.UnixNano(), 36)
}

// keepFor is how long an entry is kept from now.
func (s *CacheStore) keepFor(m *cache.Meta) time.Duration {
	keep := m.Keep
	switch {
	case m.Vary != nil:
		return s.cfg.MaxKeep
	case m.Header["Etag"] != nil || m.Header["Last-Modified"] != nil:
		keep += s.cfg.KeepStale
	}
	return min(max(keep, time.Second), s.cfg.MaxKeep)
}

// decodeEntry makes an entry of what Redis has under its head, and of its second piece.
func (s *CacheStore) decodeEntry(names cacheNames, values []any) (*cache.Entry, error) {
	var texts [5]string
	for i := range texts {
		text, ok := values[i].(string)
		if !ok {
			return nil, errDamaged
		}
		texts[i] = text
	}
	head := []byte(texts[fieldHead])
	if names.sumHead(head) != texts[fieldSum] {
		return nil, errDamaged
	}
	meta := &cache.Meta{}
	if err := json.Unmarshal(head, meta); err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	size, err := strconv.ParseInt(texts[fieldSize], 10, 64)
	if err != nil || size < 0 || meta.Header == nil && meta.Vary == nil {
		return nil, errDamaged
	}
	body := &cacheBody{store: s, names: names, id: meta.ID, gen: texts[fieldGen], size: size, closed: make(chan struct{})}
	if err := body.take([]byte(texts[fieldFirst])); err != nil {
		return nil, err
	}
	if size > pieceSize {
		if err := body.fetchNext(); err != nil {
			return nil, err
		}
	}
	return &cache.Entry{Meta: meta, Body: body, Size: size}, nil
}

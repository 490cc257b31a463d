package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Fleet is what the processes with the same Redis and prefix have in common. It is made by
// [New], and safe for concurrent use.
type Fleet struct {
	cfg     Config
	id      string // of this process, unique
	members *membership
	inbox   *inbox
	owners  atomic.Int64 // numbers the parts that own places

	mu      sync.Mutex
	callers []*caller
	closers []func()
}

// New joins the fleet: this process counts as one of it from now on, until it has said
// nothing for the lease. It does not wait for Redis, and does not fail if that is not
// there. Bad settings are an [errors.InvalidRequestError]. Close the fleet when nothing uses
// its parts any more.
func New(cfg Config) (*Fleet, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Fleet{cfg: cfg, id: rand.Text()}
	f.inbox = newInbox(f)
	f.members = startMembership(f)
	return f, nil
}

// Close leaves the fleet: this process counts no longer. The parts still work, but nobody
// wakes them any more, so that they ask more often; the client of Redis stays the caller's.
// It returns nil, and may be called again.
func (f *Fleet) Close() error {
	f.mu.Lock()
	closers := f.closers
	f.closers = nil
	f.mu.Unlock()
	for _, end := range closers {
		end()
	}
	f.inbox.close()
	f.members.leave()
	return nil
}

// onClose has end called when the fleet is closed, while Redis and the messages can still
// be used.
func (f *Fleet) onClose(end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closers = append(f.closers, end)
}

// Stats is what a [Fleet] knows of itself.
type Stats struct {
	// Processes is how many there are, as Redis has last said.
	Processes int
	// Calls counts what Redis was asked, Failed of it what it did not answer, and
	// Skipped what was not asked since it had just not answered.
	Calls, Failed, Skipped int64
	// Unavailable names the parts for which Redis does not answer now.
	Unavailable []string
}

// Stats returns the counters.
func (f *Fleet) Stats() Stats {
	s := Stats{Processes: f.processes()}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.callers {
		c.mu.Lock()
		s.Calls += c.count.calls
		s.Failed += c.count.failed
		s.Skipped += c.count.skipped
		if c.down() {
			s.Unavailable = append(s.Unavailable, c.part)
		}
		c.mu.Unlock()
	}
	return s
}

// processes is how many there are, at least one.
func (f *Fleet) processes() int { return max(int(f.members.known.Load()), 1) }

// share is the part of a limit that this process has without Redis.
func (f *Fleet) share(limit float64) float64 { return limit / float64(f.processes()) }

// key is the name of a key. All keys of one part and tag are on one node of a Cluster, so
// that a script may use them together.
func (f *Fleet) key(part, tag, name string) string {
	key := f.cfg.Prefix + ":" + part + ":{" + tag + "}"
	if name != "" {
		key += ":" + name
	}
	return key
}

// hashTag is a name for keys in the place of texts that may be foreign, or secrets: the
// texts of a part must always be as many.
func hashTag(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// watchesContext reports whether the client ends a call with its context.
func watchesContext(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	}
	return false
}

package fleet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// membership tells the others that this process is there, and knows how many there are.
type membership struct {
	caller *caller
	fleet  *Fleet
	known  atomic.Int64
	recent [2]int64 // the last answers; of run alone
	cancel context.CancelFunc
	once   sync.Once
	done   chan struct{}
}

// joinScript notes the member ARGV[1] for ARGV[2] milliseconds, or, if that is 0, forgets
// it, and returns how many there are. The clock is the server's.
var joinScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local keep = tonumber(ARGV[2])
if keep > 0 then
  redis.call('ZADD', KEYS[1], now + keep, ARGV[1])
  if redis.call('PTTL', KEYS[1]) < keep then redis.call('PEXPIRE', KEYS[1], keep) end
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZCARD', KEYS[1])
`)

func startMembership(f *Fleet) *membership {
	ctx, cancel := context.WithCancel(context.Background())
	m := &membership{caller: f.caller(membersPart), fleet: f, cancel: cancel, done: make(chan struct{})}
	m.known.Store(int64(f.cfg.Processes))
	go m.run(ctx)
	return m
}

// run says it, and says it again, until the context ends.
func (m *membership) run(ctx context.Context) {
	defer close(m.done)
	beat := time.NewTicker(m.fleet.cfg.Lease / 3)
	defer beat.Stop()
	for {
		m.report(ctx, m.fleet.cfg.Lease)
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// report says it for that long. An error was told already, and the number stays what it was.
func (m *membership) report(ctx context.Context, keep time.Duration) {
	key := m.fleet.key("members", "all", "")
	known, err := call(ctx, m.caller, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
		return joinScript.Run(ctx, c, []string{key}, m.fleet.id, keep.Milliseconds()).Int64()
	})
	if err == nil && keep > 0 {
		// A Redis that has lost its data knows of few until all have spoken again, which a
		// late one does after two answers: of three the largest counts, by which each has
		// the smaller share.
		m.known.Store(max(known, m.recent[0], m.recent[1]))
		m.recent = [2]int64{m.recent[1], known}
	}
}

func (m *membership) leave() {
	m.once.Do(func() {
		m.cancel()
		<-m.done
		m.report(context.Background(), 0)
	})
}

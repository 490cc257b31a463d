package fleet

import (
	"context"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/redis/go-redis/v9"
)

// The scripts of a token have the KEYS: the token, a hash of sealed (what it is), print (a
// hash of that), fence (the number of the lock it came with) and ends (0: never), which
// lives as long as the token; the lock, which is its number; the last number; and the last
// failure, a hash of fence and text.

// askTokenScript gets the token, or the lock. ARGV are the lease, how long before its end a
// token is not given any more, the print of the one that was rejected, and the number of
// the lock that is waited for, or 0. It returns what there is, and the values that go with
// it.
//
// Numbers are microseconds of the server's clock, so that they grow although Redis may
// forget the last one.
var askTokenScript = redis.NewScript(`
local token, lock, last, failure = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local awaited = tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', token, 'sealed', 'print', 'fence', 'ends')
if held[2] and held[2] == ARGV[3] then
  redis.call('HDEL', token, 'sealed', 'print')
  held[1] = false
end
if held[1] then
  local left = redis.call('PTTL', token)
  if held[4] == '0' then left = -1 end
  if left < 0 or left > tonumber(ARGV[2]) or (awaited > 0 and tonumber(held[3]) >= awaited) then
    return {'there', held[1], held[2], left, now - held[3]}
  end
end
local failed = redis.call('HMGET', failure, 'fence', 'text')
if failed[1] and awaited > 0 and tonumber(failed[1]) >= awaited then
  return {'failed', failed[2]}
end
local holder = redis.call('GET', lock)
if holder then
  return {'wait', holder, redis.call('PTTL', lock)}
end
local fence = math.max(now, (redis.call('GET', last) or 0) + 1)
fence = string.format('%.0f', fence)
redis.call('SET', last, fence, 'PX', 86400000)
redis.call('SET', lock, fence, 'PX', ARGV[1])
return {'ours', fence}
`)

// keepTokenScript renews the lock ARGV[1] for ARGV[2] milliseconds, if it is still held.
var keepTokenScript = redis.NewScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])
`)

// storeTokenScript stores the token that came with the lock ARGV[1], unless there is one
// with a higher number, which it returns, and gives the lock back. ARGV go on with what the
// hash gets as sealed, print and ends, for how many milliseconds, and the channel and
// message that wake the others.
var storeTokenScript = redis.NewScript(`
local token, lock, failure = KEYS[1], KEYS[2], KEYS[4]
local held = redis.call('HMGET', token, 'sealed', 'print', 'fence', 'ends')
local result = {'stored'}
if held[3] and tonumber(held[3]) > tonumber(ARGV[1]) then
  local left = redis.call('PTTL', token)
  if held[4] == '0' then left = -1 end
  result = {'late'}
  if held[1] then result = {'there', held[1], held[2], left} end
else
  redis.call('DEL', token)
  redis.call('HSET', token, 'sealed', ARGV[2], 'print', ARGV[3], 'fence', ARGV[1], 'ends', ARGV[4])
  redis.call('PEXPIRE', token, ARGV[5])
  redis.call('DEL', failure)
end
if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
redis.call('PUBLISH', ARGV[6], ARGV[7])
return result
`)

// releaseTokenScript gives the lock ARGV[1] back, if it is still held, and leaves the failure
// ARGV[2] for ARGV[3] milliseconds, if it is one, for those who wait. ARGV go on with the
// channel and message that wake them.
var releaseTokenScript = redis.NewScript(`
local lock, failure = KEYS[2], KEYS[4]
if redis.call('GET', lock) ~= ARGV[1] then return 0 end
redis.call('DEL', lock)
if ARGV[2] ~= '' then
  redis.call('HSET', failure, 'fence', ARGV[1], 'text', ARGV[2])
  redis.call('PEXPIRE', failure, ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
`)

// The kinds of a tokenAnswer.
const (
	tokenThere   = "there"
	tokenOurs    = "ours"
	tokenAwaited = "wait"
	tokenFailed  = "failed"
	tokenStored  = "stored"
	tokenLate    = "late"
)

// tokenAnswer is what a script has returned.
type tokenAnswer struct {
	kind  string
	text  string        // of there: what is sealed; of failed: why
	print string        // of there
	left  time.Duration // of there: until its end, negative: it has none; of wait: of the lock
	age   time.Duration // of there, from askTokenScript: since its lock
	fence int64         // of ours, and of wait
}

// run runs a script.
func (w *tokenWait) run(ctx context.Context, script *redis.Script, args ...any) (tokenAnswer, error) {
	f := w.source.fleet
	keys := []string{f.key("token", w.tag, ""), f.key("token", w.tag, "lock"), f.key("token", w.tag, "last"), f.key("token", w.tag, "failure")}
	return call(ctx, w.source.caller, func(ctx context.Context, c redis.UniversalClient) (tokenAnswer, error) {
		reply, err := script.Run(ctx, c, keys, args...).Result()
		if err != nil {
			return tokenAnswer{}, err
		}
		return readTokenAnswer(reply)
	})
}

// readTokenAnswer reads what a script has returned.
func readTokenAnswer(reply any) (a tokenAnswer, err error) {
	fields, ok := reply.([]any)
	if !ok {
		return a, nil // of renewing and giving back
	}
	texts, numbers := make([]string, 5), make([]int64, 5)
	for i, field := range fields {
		switch v := field.(type) {
		case string:
			texts[min(i, 4)] = v
		case int64:
			numbers[min(i, 4)] = v
		}
	}
	a.kind = texts[0]
	switch a.kind {
	case tokenThere:
		a.text, a.print = texts[1], texts[2]
		a.left, a.age = time.Duration(numbers[3])*time.Millisecond, time.Duration(numbers[4])*time.Microsecond
	case tokenAwaited, tokenOurs:
		a.left = time.Duration(numbers[2]) * time.Millisecond
		a.fence, err = strconv.ParseInt(texts[1], 10, 64)
	case tokenFailed:
		a.text = texts[1]
	case tokenStored, tokenLate:
	default:
		err = errAnswer
	}
	return a, err
}

func (w *tokenWait) ask(ctx context.Context) (tokenAnswer, error) {
	cfg := w.source.fleet.cfg
	return w.run(ctx, askTokenScript, cfg.Lease.Milliseconds(), w.source.cfg.Early.Milliseconds(), w.rejected, w.awaited)
}

func (w *tokenWait) renew(ctx context.Context, fence int64) {
	_, _ = w.run(ctx, keepTokenScript, fence, w.source.fleet.cfg.Lease.Milliseconds()) // the next one tries again; a failure was told
}

// news is the message that there is something new, and its channel.
func (w *tokenWait) news() []any { return []any{w.source.fleet.allChannel(), "token " + w.tag} }

// release gives the lock back. If Redis does not hear of it the lock ends with its lease.
func (w *tokenWait) release(ctx context.Context, fence int64, why string) {
	args := append([]any{fence, why, w.source.fleet.cfg.Lease.Milliseconds()}, w.news()...)
	_, _ = w.run(context.WithoutCancel(ctx), releaseTokenScript, args...) // a failure was told
}

// keepEndless is for how long Redis has a token that does not end.
const keepEndless = 24 * time.Hour

// store gives the token to the others, and returns the one that is to be used. One that
// Redis does not take is good all the same.
func (w *tokenWait) store(ctx context.Context, fence int64, token middleware.Token) (_ middleware.Token, fetched bool, _ error) {
	s := w.source
	ends, lives := 1, time.Until(token.Expiry)
	if token.Expiry.IsZero() {
		ends, lives = 0, keepEndless
	}
	if token.Value == "" || lives < time.Millisecond {
		w.release(ctx, fence, "")
		return token, true, nil
	}
	sealed, err := s.seal(w.tag, token)
	if err != nil {
		w.release(ctx, fence, "")
		return token, true, err
	}
	asked := time.Now()
	args := append([]any{fence, sealed, s.printOf(token), ends, lives.Milliseconds()}, w.news()...)
	answer, err := w.run(context.WithoutCancel(ctx), storeTokenScript, args...)
	switch {
	case err != nil: // it was told
		return token, true, nil //nolint:nilerr // this process has a token
	case answer.kind == tokenStored:
		return token, true, nil
	}
	s.count.late.Add(1)
	if answer.kind == tokenThere {
		if newer, err := s.open(w.tag, answer, asked); err == nil {
			return newer, true, nil
		}
	}
	return token, true, nil
}

package fleet

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
)

// placesScript tells Redis what has changed at a gate, and hands free places to those who
// have waited longest, whosever they are: exactly one process gets a message for each.
//
// KEYS are the places that are taken, by their ends; the queue of those who wait, by their
// order; and the same by the end of their leases. ARGV are the lease in milliseconds, the
// limit, the owner that calls, the beginning of the channels and the tag of the gate; then,
// each with a sign before it, the names of places:
//
//	"-" is given back, or not wanted any more
//	"=" is under way: it is renewed, or put back above the limit if it was lost
//	"?" is wanted: it gets a place, or stays in the queue, or goes to its end
//	"+" is wanted now or not at all
//
// It returns which of the caller's are had now, which of = were lost, how many of - nobody
// knew, and in how many milliseconds the first place ends, if somebody waits. A place that
// is handed to another process ends with the lease of its waiting, so that a dead one does
// not get a lease anew; a key lives longer than what is in it, and is renewed once a lease.
var placesScript = redis.NewScript(`
local places, queue, leases = KEYS[1], KEYS[2], KEYS[3]
local lease, limit, owner = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local had, lost, unknown, asked = {}, {}, 0, {}

local function unqueue(id)
  redis.call('ZREM', leases, id)
  return redis.call('ZREM', queue, id)
end

for i = 6, #ARGV do
  local sign, id = string.sub(ARGV[i], 1, 1), string.sub(ARGV[i], 2)
  if sign == '-' then
    if redis.call('ZREM', places, id) + unqueue(id) == 0 then unknown = unknown + 1 end
  elseif sign == '=' then
    if redis.call('ZADD', places, now + lease, id) == 1 then
      unqueue(id)
      lost[#lost + 1] = id
    end
  elseif redis.call('ZSCORE', places, id) then
    redis.call('ZADD', places, now + lease, id)
    had[#had + 1] = id
  elseif redis.call('ZSCORE', leases, id) then
    redis.call('ZADD', leases, now + lease, id)
  else
    asked[#asked + 1] = ARGV[i]
  end
end

redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
local waiting = redis.call('ZCARD', queue)
if waiting > 0 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do unqueue(id) end
  waiting = redis.call('ZCARD', queue)
end
local taken = redis.call('ZCARD', places)
while taken < limit and waiting > 0 do
  local id = redis.call('ZRANGE', queue, 0, 0)[1]
  redis.call('ZADD', places, redis.call('ZSCORE', leases, id) or now, id)
  unqueue(id)
  local to = string.match(id, '^[^/]+')
  if to == owner then
    had[#had + 1] = id
  else
    redis.call('PUBLISH', ARGV[4] .. string.match(to, '^[^.]+'), 'place ' .. ARGV[5] .. ' ' .. id)
  end
  taken, waiting = taken + 1, waiting - 1
end

for _, ask in ipairs(asked) do
  local sign, id = string.sub(ask, 1, 1), string.sub(ask, 2)
  if taken < limit then
    redis.call('ZADD', places, now + lease, id)
    had[#had + 1] = id
    taken = taken + 1
  elseif sign == '?' then
    local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2] or 0
    redis.call('ZADD', queue, last + 1, id)
    redis.call('ZADD', leases, now + lease, id)
    waiting = waiting + 1
  end
end

for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < lease then redis.call('PEXPIRE', key, 2 * lease) end
end
local first = 0
if waiting > 0 then
  first = tonumber(redis.call('ZRANGE', places, 0, 0, 'WITHSCORES')[2] or now) - now
end
return {had, lost, unknown, first}
`)

// placesAnswer is what the script returns.
type placesAnswer struct {
	had, lost []string
	unknown   int64 // of those that were given back
	first     int64 // milliseconds
}

// tellPlaces runs the script.
func (g *gate) tellPlaces(ctx context.Context, signed []any) (placesAnswer, error) {
	f := g.limiter.fleet
	keys := []string{f.key("places", g.tag, ""), f.key("places", g.tag, "queue"), f.key("places", g.tag, "leases")}
	args := append([]any{f.cfg.Lease.Milliseconds(), g.limit, g.limiter.owner, f.channelOf(""), g.tag}, signed...)
	return call(ctx, g.limiter.caller, func(ctx context.Context, c redis.UniversalClient) (placesAnswer, error) {
		reply, err := placesScript.Run(ctx, c, keys, args...).Slice()
		if err != nil {
			return placesAnswer{}, err
		}
		return readPlaces(reply)
	})
}

// errAnswer is an answer that no script of ours gives.
var errAnswer = errors.New("unexpected answer of a script")

// readPlaces reads what the script has returned.
func readPlaces(reply []any) (a placesAnswer, err error) {
	if len(reply) != 4 {
		return a, errAnswer
	}
	var numbers [2]int64
	for i := range numbers {
		n, ok := reply[2+i].(int64)
		if !ok {
			return a, errAnswer
		}
		numbers[i] = n
	}
	a.unknown, a.first = numbers[0], numbers[1]
	if a.had, err = readNames(reply[0]); err != nil {
		return a, err
	}
	a.lost, err = readNames(reply[1])
	return a, err
}

func readNames(reply any) ([]string, error) {
	list, ok := reply.([]any)
	if !ok {
		return nil, errAnswer
	}
	names := make([]string, 0, len(list))
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil, errAnswer
		}
		names = append(names, name)
	}
	return names, nil
}

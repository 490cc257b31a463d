package fleet

import "github.com/redis/go-redis/v9"

// rateKeepScript lets a host's key expire by itself: when all of its times have passed, and
// KEEP (the longest pause) later if the number of refusals is to be remembered.
const rateKeepScript = `
local function keep(key, now, last, refused, longest)
  if refused > 0 then last = last + longest end
  redis.call('PEXPIRE', key, math.ceil(math.max(last - now, 0) / 1000) + 1000)
end
local function text(n) return string.format('%.0f', n) end
`

// rateTakeScript takes places, by the generic cell rate algorithm (ITU-T I.371) and the
// server's clock. All times are in microseconds.
//
//	KEYS[1]  of the host, a hash: next, when the request after the last one is due;
//	         pause, until when nothing goes; refused, the bare 429 in a row; issued and
//	         served, which numbers were given to those who wait for the host, and which
//	         have come
//	KEYS[2]  of all together: next. It is missing if there is no such limit
//	ARGV     1, 2: every and ahead of all together; 3, 4: of the host; 5: how many places;
//	         6: the longest wait for the first, -1: any; 7: for the others; 8: the number
//	         that was given before, or 0; 9: the longest pause
//
// It returns the state, now, the wait, the rest of the pause, refused, the number, both
// next as they are now, and the waits for the places. The state is taken (0), also if no
// place was asked for; refused (1), the wait for the first is longer; later (2), come again
// after the wait with the number, which there may be beside places.
//
// A place of both limits is taken only if it is the pace of all that holds it up (a). If it
// is that of the host (h), the place of all would be one in the future, and all others
// would have to wait for it. So it is taken when the host's turn has come, or nearly: within
// the distance of all, since others lose one place of all by that at most, or as long as the
// places of all are out. Who has to wait for that gets a number, so that no two processes
// come for the same turn; the turn of one that does not come is lost.
var rateTakeScript = redis.NewScript(rateKeepScript + `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arg = {}
for i, v in ipairs(ARGV) do arg[i] = tonumber(v) end
local host = redis.call('HMGET', KEYS[1], 'next', 'pause', 'refused', 'issued', 'served')
for i = 1, 5 do host[i] = tonumber(host[i] or 0) end
local free, pause, refused, issued, served = host[1], host[2], host[3], host[4], host[5]
local both, all = arg[1] > 0, 0
if both then all = tonumber(redis.call('GET', KEYS[2]) or 0) end
local state, wait, places, number = 0, 0, {}, arg[8]
if number > issued then number = 0 end
local early = math.min(arg[1], arg[7])
if pause > now then
  state, wait, arg[5] = 2, pause - now, 0
  if arg[6] >= 0 and wait > arg[6] then state = 1 end
end
for i = 1, arg[5] do
  local a, h, reach, before = math.max(now, all - arg[2]), free - arg[4], 0, 0
  if both and number > 0 then before = math.max(number - 1 - served, 0)
  elseif both then before = math.max(issued - served, 0) end
  h = math.max(now, h + before * arg[3])
  reach = a
  if before == 0 then reach = math.max(a, now + early, math.min(all, now + arg[7])) end
  local at, longest = math.max(a, h), arg[7]
  if i == 1 then longest, wait = arg[6], at - now end
  if i == 1 and longest >= 0 and at - now > longest then state = 1 break end
  if both and h > reach then
    state, wait = 2, h - now
    if number == 0 then
      issued = math.max(issued, served) + 1
      number, wait = issued, math.max(wait - early, 0)
      redis.call('HSET', KEYS[1], 'issued', text(issued))
      keep(KEYS[1], now, math.max(free, h), refused, arg[9])
    end
    break
  end
  if i > 1 and at - now > longest then break end
  if both then all = math.max(all, at) + arg[1] end
  if arg[3] > 0 then free = math.max(free, at) + arg[3] end
  served = math.max(served, number)
  number, places[i] = 0, at - now
end
if #places > 0 and both then
  redis.call('SET', KEYS[2], text(all), 'PX', math.ceil((all - now) / 1000) + 1000)
end
if #places > 0 and arg[3] > 0 then
  redis.call('HSET', KEYS[1], 'next', text(free), 'served', text(served))
  keep(KEYS[1], now, math.max(free + math.max(issued - served, 0) * arg[3], pause), refused, arg[9])
end
return {state, now, wait, math.max(pause - now, 0), refused, number, all, free, unpack(places)}
`)

// rateReturnScript gives ARGV[1] places back, which are those taken last if both next are
// still what they were then: ARGV[4] of the host KEYS[1], ARGV[5] of all, KEYS[2]. ARGV[2]
// and ARGV[3] are every of all and of the host. It returns how many were given back.
var rateReturnScript = redis.NewScript(`
local n = tonumber(ARGV[1])
local function text(n) return string.format('%.0f', n) end
local host = redis.call('HGET', KEYS[1], 'next')
local all = KEYS[2] and redis.call('GET', KEYS[2])
if tonumber(ARGV[3]) > 0 and host ~= ARGV[4] then return 0 end
if tonumber(ARGV[2]) > 0 and all ~= ARGV[5] then return 0 end
if tonumber(ARGV[3]) > 0 then redis.call('HSET', KEYS[1], 'next', text(host - n * ARGV[3])) end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[2], text(all - n * ARGV[2]), 'KEEPTTL') end
return n
`)

// ratePauseScript notes in KEYS[1] what a response has asked for: ARGV[1] microseconds, but
// ARGV[2] at most; and, if ARGV[3] is 1, a 429. One without a time is a second, and twice as
// much for each that follows; one that comes within a pause was on its way when that began,
// and counts no more. Anything but a 429 forgets them. It returns the rest of the pause,
// the 429 in a row, and whether the pause is a new one.
var ratePauseScript = redis.NewScript(rateKeepScript + `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local asked, longest, full = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local host = redis.call('HMGET', KEYS[1], 'next', 'pause', 'refused')
local free, pause = tonumber(host[1] or 0), tonumber(host[2] or 0)
local refused, new = tonumber(host[3] or 0), 0
if not full then
  refused = 0
elseif asked == 0 and pause <= now then
  asked = 1000000 * 2 ^ math.min(refused, 30)
  refused = refused + 1
end
local till = now + math.min(asked, longest)
if asked > 0 and till > pause then pause, new = till, 1 end
redis.call('HSET', KEYS[1], 'pause', text(pause), 'refused', text(refused))
keep(KEYS[1], now, math.max(free, pause), refused, longest)
return {math.max(pause - now, 0), refused, new}
`)

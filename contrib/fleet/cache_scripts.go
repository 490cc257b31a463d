package fleet

import "github.com/redis/go-redis/v9"

// The keys of one URL, which have one hash tag:
//
//	{URL}:K            hash: the head of an entry, its first piece, its generation; K is of
//	                   the URL itself, where an index of variants may be, or of a variant
//	{URL}:K:b:GEN      hash: the further pieces of that generation, by their numbers
//	{URL}:K:fill       the lease of who asks the server for K
//	{URL}:K:none       what was asked for last could not be stored
//	{URL}:gone         when one of the keys was last deleted, by the server's clock
//
// An entry becomes visible, and takes another one's place, by one script. Pieces that no
// head leads to expire: those that are written after a while without a further one, those
// that were replaced or deleted after keepReplaced.

// cacheLua begins the scripts that store something: it reads the time in microseconds, and
// asks whether what was asked for may be from before a deletion. ARGV[1] is the token of
// the lease, or empty. ARGV[2] is the epoch, which is the last deletion that was known when
// the server was asked, or "?": then ARGV[3] is how many microseconds ago that was, or
// negative if it is not known. ARGV[4] is for how long deletions are known.
const cacheLua = `
local function micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function forgotten(gone)
  local at, elapsed = redis.call('GET', gone), tonumber(ARGV[3])
  if elapsed > tonumber(ARGV[4]) then return true end
  if not at or elapsed < 0 then return false end
  if ARGV[2] ~= '?' then return at ~= ARGV[2] end
  return micros() - tonumber(at) <= elapsed
end
local function release(lease)
  if ARGV[1] ~= '' and redis.call('GET', lease) == ARGV[1] then redis.call('DEL', lease) end
end
local function extend(key, keep)
  if redis.call('PTTL', key) < keep then redis.call('PEXPIRE', key, keep) end
end
`

// cachePieceScript writes the piece ARGV[1], ARGV[2], to the body KEYS[1], which is kept for
// ARGV[3] milliseconds from now.
var cachePieceScript = redis.NewScript(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`)

// cacheCommitScript makes an entry visible: KEYS are its head, its body, the index, the
// time of the last deletion, and the lease. ARGV begin as cacheLua says; then: 5 the
// generation, 6 the ID, 7 the head, 8 its sum, 9 its mark, 10 the size, 11 the first piece,
// 12 the number of the others, 13 and 14 the milliseconds to keep the entry and the index,
// 15 those for what it replaces. It returns 1; 0 if it is forgotten; -1 if pieces are lost.
// The first write is the one that a full Redis refuses.
var cacheCommitScript = redis.NewScript(cacheLua + `
if forgotten(KEYS[4]) then
  redis.call('UNLINK', KEYS[2])
  return 0
end
if redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[12]) then return -1 end
local old = redis.call('HGET', KEYS[1], 'gen')
redis.call('HSET', KEYS[1], 'gen', ARGV[5], 'id', ARGV[6], 'head', ARGV[7], 'sum', ARGV[8],
  'mark', ARGV[9], 'size', ARGV[10], 'first', ARGV[11])
redis.call('PEXPIRE', KEYS[1], ARGV[13])
redis.call('PEXPIRE', KEYS[2], ARGV[13])
if old and old ~= ARGV[5] then redis.call('PEXPIRE', KEYS[1] .. ':b:' .. old, ARGV[15]) end
if KEYS[3] ~= KEYS[1] then extend(KEYS[3], tonumber(ARGV[14])) end
release(KEYS[5])
return 1
`)

// cacheUpdateScript changes a head: KEYS are the head, the index, the time of the last
// deletion, and the lease. ARGV begin as cacheLua says; then: 5 the ID, 6 the head, 7 its
// sum, 8 its mark, 9 and 10 the milliseconds to keep the entry and the index. It returns 1;
// 0 if the entry is another one or forgotten.
var cacheUpdateScript = redis.NewScript(cacheLua + `
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[5] or forgotten(KEYS[3]) then return 0 end
redis.call('HSET', KEYS[1], 'head', ARGV[6], 'sum', ARGV[7], 'mark', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[9])
redis.call('PEXPIRE', KEYS[1] .. ':b:' .. redis.call('HGET', KEYS[1], 'gen'), ARGV[9])
if KEYS[2] ~= KEYS[1] then extend(KEYS[2], tonumber(ARGV[10])) end
release(KEYS[4])
return 1
`)

// cacheDeleteScript deletes the entry KEYS[1], whose body is kept for ARGV[1] milliseconds
// for those who read it, and notes in KEYS[2], for ARGV[2], that it did, which it returns.
// A full Redis deletes but does not note; neither does it store anything.
var cacheDeleteScript = redis.NewScript(`
local gen = redis.call('HGET', KEYS[1], 'gen')
if gen then redis.call('PEXPIRE', KEYS[1] .. ':b:' .. gen, ARGV[1]) end
redis.call('UNLINK', KEYS[1])
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000000 + time[2])
redis.pcall('SET', KEYS[2], at, 'PX', ARGV[2])
return at
`)

// cacheDiscardScript removes the entry KEYS[1] and its body if it is still the generation
// ARGV[1].
var cacheDiscardScript = redis.NewScript(`
if (redis.call('HGET', KEYS[1], 'gen') or '') == ARGV[1] then
  return redis.call('UNLINK', KEYS[1], KEYS[1] .. ':b:' .. ARGV[1])
end
return 0
`)

// cacheTurnScript asks for the turn to fill: KEYS are the leases of the key and of its URL,
// the mark of what cannot be stored, the head, and the time of the last deletion; ARGV the
// token, the milliseconds of the lease, and the mark of the head that was seen, or empty.
// Whoever fills the URL itself fills its first variant too.
var cacheTurnScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[3]) == 1 then return {'unstorable'} end
for i = 1, 2 do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= ARGV[1] then return {'held'} end
end
local mark = redis.call('HGET', KEYS[4], 'mark')
if mark and mark ~= ARGV[3] then return {'stored'} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'turn', redis.call('GET', KEYS[5]) or ''}
`)

// cacheRenewScript keeps the lease KEYS[1] of the token ARGV[1] for ARGV[2] milliseconds.
var cacheRenewScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`)

// cacheReleaseScript ends the lease KEYS[1] of the token ARGV[1], and marks in KEYS[2] for
// ARGV[2] milliseconds, if that is not 0, that there is nothing to wait for.
var cacheReleaseScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[2], '1', 'PX', ARGV[2]) end
return 1
`)

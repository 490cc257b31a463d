package stats

import "github.com/redis/go-redis/v9"

// The rates are kept by buckets of so many seconds, and so many of them.
const (
	bucketSeconds = 5
	buckets       = 12
)

// recordScript adds a report. The clock is the server's.
//
//	KEYS[1]  hash of the counters; goes after 90 days without a report
//	KEYS[2]  hash of "BUCKET done", "BUCKET failed" and "BUCKET bytes"; goes after a while
//	KEYS[3]  hash of HOST -> "requests sum max" of this hour, and "@since"
//	KEYS[4]  the same of the hour before
//	ARGV     the report as JSON, the number of hosts, the seconds of a bucket, the number
//	         of buckets
var recordScript = redis.NewScript(`
local report = cjson.decode(ARGV[1])
local now = tonumber(redis.call('TIME')[1])
local bucket = math.floor(now / tonumber(ARGV[3]))

for field, n in pairs(report.counts) do
  if redis.call('HLEN', KEYS[1]) < 2000 or redis.call('HEXISTS', KEYS[1], field) == 1 then
    redis.call('HINCRBY', KEYS[1], field, string.format('%.0f', n))
  end
end
redis.call('EXPIRE', KEYS[1], 90 * 24 * 3600)

for _, field in ipairs({'done', 'failed', 'bytes'}) do
  if report.counts[field] then
    redis.call('HINCRBY', KEYS[2], bucket .. ' ' .. field, string.format('%.0f', report.counts[field]))
  end
end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if tonumber(string.match(field, '^%d+')) < bucket - tonumber(ARGV[4]) then
    redis.call('HDEL', KEYS[2], field)
  end
end
redis.call('EXPIRE', KEYS[2], tonumber(ARGV[3]) * (tonumber(ARGV[4]) + 1))

local since = tonumber(redis.call('HGET', KEYS[3], '@since') or now)
if now - since >= 3600 then
  redis.call('RENAME', KEYS[3], KEYS[4])
  since = now
end
redis.call('HSETNX', KEYS[3], '@since', since)
for host, t in pairs(report.hosts) do
  local old = redis.call('HGET', KEYS[3], host)
  if old or redis.call('HLEN', KEYS[3]) <= tonumber(ARGV[2]) then
    local n, sum, max = string.match(old or '0 0 0', '(%S+) (%S+) (%S+)')
    redis.call('HSET', KEYS[3], host, string.format('%.0f %.3f %.3f', n + t.n, sum + t.sum, math.max(max, t.max)))
  end
end
redis.call('EXPIRE', KEYS[3], 2 * 3600)
return redis.status_reply('OK')
`)

package fleet

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// longest is for how long the last of the cookies is kept.
func (j *Jar) longest(changes map[string]*string) time.Duration {
	keep := j.cfg.KeepSession
	now := j.cfg.Rules.Now()
	for field, value := range changes {
		if value == nil {
			continue
		}
		if c, ok := parseStored(field, *value); ok && c.Expires != 0 {
			keep = max(keep, time.Unix(c.Expires, 0).Sub(now))
		}
	}
	return min(keep, maxCookieAge)
}

// maxCookieAge bounds how long a site is kept after its last change (RFC 6265bis 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// staleField is the value of a field that is of no use, and since when, in seconds since
// 1970: the clock of Redis says whether that is over, as ours may be wrong. 0: it is.
type staleField struct {
	value string
	end   int64
}

// jarScript changes the hash KEYS[1] of a site. ARGV are the channel and the message that
// tell of the change, for how many milliseconds the site is kept, and three lists, each
// after its length: fields and values to set; fields to delete; fields, values and ends,
// to delete if they still are that and the end is over.
var jarScript = redis.NewScript(`
local key, at = KEYS[1], 4
local function each(width, change)
  local n = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, n do
    change(ARGV[at], ARGV[at + 1], ARGV[at + 2])
    at = at + width
  end
end
each(2, function(field, value) redis.call('HSET', key, field, value) end)
each(1, function(field) redis.call('HDEL', key, field) end)
each(3, function(field, value, ends)
  if ends ~= '0' and tonumber(ends) > tonumber(redis.call('TIME')[1]) then return end
  if redis.call('HGET', key, field) == value then redis.call('HDEL', key, field) end
end)
local keep = tonumber(ARGV[3])
if redis.call('PTTL', key) < keep then redis.call('PEXPIRE', key, keep) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`)

// jarChanges are the three lists.
func jarChanges(changes map[string]*string, obsolete map[string]staleField) []any {
	var set, deleted []any
	stale := make([]any, 0, 3*len(obsolete))
	for field, value := range changes {
		if value == nil {
			deleted = append(deleted, field)
		} else {
			set = append(set, field, *value)
		}
	}
	for field, old := range obsolete {
		stale = append(stale, field, old.value, old.end)
	}
	args := append([]any{len(set) / 2}, set...)
	args = append(append(args, len(deleted)), deleted...)
	return append(append(args, len(stale)/3), stale...)
}

// jarClearScript forgets the site KEYS[1]. ARGV are the channel and the message that tell of
// it.
var jarClearScript = redis.NewScript(`
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`)

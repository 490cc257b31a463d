package fleet

import (
	"net/http"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// How many keys are kept without a look at whether their states say anything, and how
// many at most, those that are in use apart; and the longest name that is kept as it is.
// URLs may be somebody else's choice.
const (
	minRateKeys = 1024
	maxRateKeys = 8192
	maxRateKey  = 255
)

// keyOf is for what the request is limited; empty: it is not.
func (l *RateLimiter) keyOf(req *http.Request) string {
	if l.cfg.Key != nil {
		if key := l.cfg.Key(req); key != "" {
			return hashTag(key)
		}
		return ""
	}
	origin := middleware.HostOf(req)
	if len(origin) > maxRateKey || strings.ContainsAny(origin, "{}") {
		return hashTag(origin)
	}
	return origin
}

// keysOf are the keys for [rateTakeScript]. Those of one script are on one node of a
// Cluster: if there is a limit for all together, all of the limit is; if not, each host is
// by itself.
func (l *RateLimiter) keysOf(key string) []string {
	if l.all.every == 0 {
		return []string{l.fleet.key("rate", l.cfg.Name+"/"+key, "host")}
	}
	return []string{l.fleet.key("rate", l.cfg.Name, "host:"+key), l.fleet.key("rate", l.cfg.Name, "")}
}

// key is the state of a key.
func (l *RateLimiter) key(name string) *rateKey {
	k := l.keys[name]
	if k == nil {
		if len(l.keys) >= l.sweepAt {
			l.sweepKeys(time.Now())
		}
		k = &rateKey{name: name, redis: l.keysOf(name)}
		l.keys[name] = k
	}
	return k
}

// inUse reports whether somebody waits, or there is something to come.
func (k *rateKey) inUse() bool { return k.waiting.Len() > 0 || len(k.places) > 0 || k.asking }

// idle reports whether a key is as good as new: Redis knows what is to be known.
func (l *RateLimiter) idle(k *rateKey, now time.Time) bool {
	return !k.inUse() && !k.paused.After(now) && k.refused == 0 && k.share.spent(now.Sub(l.began).Microseconds())
}

// removeIdle forgets a key that is idle.
func (l *RateLimiter) removeIdle(k *rateKey, now time.Time) {
	if l.idle(k, now) && l.keys[k.name] == k { // its timer may come after another has its name
		delete(l.keys, k.name)
	}
}

// sweepKeys forgets all that are idle, and if there are too many still, what is known of
// the others that are not in use: a pause is in Redis, too.
func (l *RateLimiter) sweepKeys(now time.Time) {
	for _, k := range l.keys {
		l.removeIdle(k, now)
	}
	if len(l.keys) >= maxRateKeys {
		for name, k := range l.keys {
			if !k.inUse() {
				delete(l.keys, name)
			}
		}
	}
	l.sweepAt = max(minRateKeys, min(2*len(l.keys), maxRateKeys), len(l.keys)+minRateKeys)
}

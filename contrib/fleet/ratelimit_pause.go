package fleet

import (
	"context"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// applyPause pauses the key for all processes, if the response says so. This process is
// paused whether Redis answers or not; all others learn it by their next question.
func (l *RateLimiter) applyPause(req *http.Request, key string, resp *http.Response) {
	asked, full := middleware.ServerPause(resp, time.Now()), resp.StatusCode == http.StatusTooManyRequests
	if asked == 0 && !full && !l.wasRefused(key) {
		return
	}
	own := l.pauseHere(key, asked, full)
	ctx := req.Context()
	if l.fleet.cfg.Timeout > 0 {
		ctx = context.WithoutCancel(ctx) // the others are to know also if nobody waits for this response any more
	}
	pause, refused, isNew, err := l.sharePause(ctx, key, asked, full)
	if err != nil { // it was told; the pause is this process's alone
		pause, isNew = own, own > 0
	} else {
		l.learnPause(key, pause, refused)
	}
	if isNew {
		l.tell(req.Context(), middleware.Event{Kind: middleware.EventPaused, Host: middleware.OriginOf(req), Wait: pause, Status: resp.StatusCode})
	}
}

// wasRefused reports whether there was a bare 429 that a success has to make forgotten.
func (l *RateLimiter) wasRefused(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.keys[key]
	return k != nil && k.refused > 0
}

// pauseHere is what [ratePauseScript] does, for this process. It returns the pause if it is
// a new one.
func (l *RateLimiter) pauseHere(key string, asked time.Duration, full bool) (pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k := l.key(key)
	switch {
	case !full:
		k.refused = 0
	case asked == 0 && !k.paused.After(now):
		asked = time.Second << min(k.refused, 30)
		k.refused++
	}
	if until := now.Add(min(asked, l.cfg.MaxPause)); asked > 0 && until.After(k.paused) {
		pause = until.Sub(now)
		l.pauseKey(k, until, now)
	}
	l.advance(k, now)
	return pause
}

// learnPause notes what Redis says of a pause.
func (l *RateLimiter) learnPause(key string, pause time.Duration, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k := l.key(key)
	k.refused = refused
	l.pauseKey(k, now.Add(pause), now)
	l.advance(k, now)
}

// pauseKey holds a key until then. Places before that are lost, and those who cannot wait so
// long are refused.
func (l *RateLimiter) pauseKey(k *rateKey, until, now time.Time) {
	k.paused = laterTime(k.paused, until)
	if !k.paused.After(now) {
		return
	}
	dropped := 0
	for dropped < len(k.places) && k.places[dropped].due.Before(k.paused) {
		dropped++
	}
	l.count.lost += int64(dropped)
	k.dropPlaces(0, dropped)
	l.refuseLate(k, k.paused.Sub(now), now)
	k.delayed = k.arrived
}

package fleet

import (
	"container/list"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
)

// JarConfig is what the cookies of a fleet are kept by.
type JarConfig struct {
	// Name tells jars apart: those of one name, in any process, are one, and should be
	// configured alike. Empty is a name too.
	Name string
	// Rules are those of the jar. Its limits are for a site each, what they evict goes for
	// all, Now is for tests, and shared cookies there are none.
	Rules jar.Config
	// MaxAge is for how long a process sends the cookies that it has read, before it
	// reads those of the site again. It does so at once when another process tells that
	// it has changed them. 0 is 5 s; negative is to read for every request.
	MaxAge time.Duration
	// KeepSession is for how long session cookies are kept after the site has last set
	// one of them: there is no program whose end would be theirs. 0 is 24 h; negative, and
	// less than a second, is a second.
	KeepSession time.Duration
	// MaxSites is of how many sites a process remembers the cookies; of more, those are
	// read again that were not used longest. Cookies that wait until Redis answers again
	// are kept for as many sites more. 0 is 10,000; negative is no limit.
	MaxSites int
}

const (
	defaultMaxAge      = 5 * time.Second
	defaultKeepSession = 24 * time.Hour
	defaultMaxSites    = 10_000
)

// Jar is an [http.CookieJar] whose cookies all processes of the fleet share. What a response
// sets is written to Redis before SetCookies returns, one hash for a site (a registrable
// domain with all below it), and only what it sets: two processes that set different cookies
// lose none. Of two that set the same one the later write counts.
//
// While Redis does not answer, what is set is kept here, and written when it answers again,
// and what was read last is sent. With [Refuse], [Jar.Wrap] refuses requests of a site whose
// cookies are older than MaxAge and cannot be read; the interface of a jar has no errors.
//
// It is made by [Fleet.Jar] and safe for concurrent use.
type Jar struct {
	fleet  *Fleet
	cfg    JarConfig
	id     string // by which its messages are known
	reads  *caller
	writes *caller // of a Redis that is full or read-only, which still reads

	mu     sync.Mutex
	sites  map[string]*list.Element // of *site
	recent list.List                // the site used last is in front
	flush  *time.Timer              // nil: nothing waits to be written
	closed bool                     // no timer is set any more
	count  struct{ reads, writes atomic.Int64 }
}

var _ http.CookieJar = (*Jar)(nil)

// Jar makes one. After [Fleet.Close] it goes on without the messages of the others, and
// what could not be written is tried again only with the next cookie of its site.
func (f *Fleet) Jar(cfg JarConfig) *Jar {
	if cfg.MaxAge == 0 {
		cfg.MaxAge = defaultMaxAge
	}
	if cfg.KeepSession == 0 {
		cfg.KeepSession = defaultKeepSession
	}
	cfg.KeepSession = max(cfg.KeepSession, time.Second)
	if cfg.MaxSites == 0 {
		cfg.MaxSites = defaultMaxSites
	}
	if cfg.Rules.Now == nil {
		cfg.Rules.Now = time.Now
	}
	j := &Jar{fleet: f, cfg: cfg, id: rand.Text(), reads: f.caller(jarPart), writes: f.caller(jarWritesPart), sites: map[string]*list.Element{}}
	f.inbox.read(inboxReader{topic: j.topic(), message: j.hear, again: j.outdateAll})
	f.onClose(j.close)
	return j
}

// topic is that of the messages which tell what site has changed, as "jar site".
func (j *Jar) topic() string { return "jar:" + url.QueryEscape(j.cfg.Name) }

// Cookies returns what a request to u has to send, as [jar.Jar.Cookies] does.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	s := j.acquire(u)
	if s == nil {
		return nil
	}
	defer s.release()
	s.refresh(context.Background()) //nolint:errcheck // it was told; what was read last is what there is
	return s.cookies().Cookies(u)
}

// SetCookies keeps what the response of u set, as [jar.Jar.SetCookies] does.
func (j *Jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		return
	}
	if s := j.acquire(u); s != nil {
		defer s.release()
		s.setCookies(u, cookies)
	}
}

// SetCookieHeaders keeps what the Set-Cookie lines of the response of u set, as
// [jar.Jar.SetCookieHeaders] does.
func (j *Jar) SetCookieHeaders(u *url.URL, lines []string) {
	cookies := make([]*http.Cookie, 0, len(lines))
	for _, line := range lines {
		c, err := jar.ParseSetCookie(line)
		if err == nil {
			cookies = append(cookies, c)
			continue
		}
		var rejected *jar.RejectError
		if errors.As(err, &rejected) {
			j.reject(&http.Cookie{Raw: line}, rejected.Reason)
		}
	}
	j.SetCookies(u, cookies)
}

func (j *Jar) reject(c *http.Cookie, reason jar.Reason) {
	if j.cfg.Rules.OnReject != nil {
		j.cfg.Rules.OnReject(c, reason)
	}
}

// Clear forgets the cookies of the site that u is of, for all processes. It returns an
// [*UnavailableError] if Redis does not answer; then they are not forgotten.
func (j *Jar) Clear(ctx context.Context, u *url.URL) error {
	s := j.acquire(u)
	if s == nil {
		return nil
	}
	defer s.release()
	return s.clear(ctx)
}

// Wrap is a [middleware.Middleware] that refuses requests, with an [*UnavailableError], of a
// site whose cookies cannot be read, if [Config].Unavailable is [Refuse]; otherwise it does
// nothing.
func (j *Jar) Wrap(next http.RoundTripper) http.RoundTripper {
	if j.fleet.cfg.Unavailable != Refuse && next != nil {
		return next
	}
	return middleware.Admit(next, func(req *http.Request) (func(), error) { return nil, j.refresh(req) })
}

// refresh reads the cookies for a request, if they are older than MaxAge.
func (j *Jar) refresh(req *http.Request) error {
	s := j.acquire(req.URL)
	if s == nil {
		return nil
	}
	defer s.release()
	return s.refresh(req.Context())
}

// JarStats counts what a [Jar] did since it was made.
type JarStats struct {
	Reads   int64 // of a site's cookies, from Redis
	Writes  int64 // of changes, to Redis
	Sites   int   // that are remembered, now
	Pending int   // cookies that wait until Redis answers again, now
}

// Stats returns the counters.
func (j *Jar) Stats() JarStats {
	j.mu.Lock()
	s := JarStats{Reads: j.count.reads.Load(), Writes: j.count.writes.Load(), Sites: len(j.sites)}
	sites := j.remembered()
	j.mu.Unlock()
	for _, site := range sites {
		s.Pending += int(site.waiting.Load())
	}
	return s
}

// remembered is all sites. The lock is held.
func (j *Jar) remembered() []*site {
	var all []*site
	for e := j.recent.Front(); e != nil; e = e.Next() {
		all = append(all, siteIn(e))
	}
	return all
}

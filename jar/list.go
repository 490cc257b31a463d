package jar

import (
	"iter"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Len is the number of cookies, without those that have expired.
func (j *Jar) Len() int {
	if j.count.Load() == 0 {
		return 0
	}
	now := j.config.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.index.removeExpired(now, -1)
	j.count.Store(int64(len(j.index.byKey)))
	return len(j.index.byKey)
}

// All yields the cookies in the order of their creation, without those that have
// expired. The loop sees the jar as it is at its start, and may change it.
func (j *Jar) All() iter.Seq[*Cookie] {
	return func(yield func(*Cookie) bool) {
		for _, c := range j.copyAll() {
			if !yield(c) {
				return
			}
		}
	}
}

// copyAll is a copy of all cookies.
func (j *Jar) copyAll() []*Cookie {
	now := j.config.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.index.removeExpired(now, -1)
	j.count.Store(int64(len(j.index.byKey)))
	cookies := make([]*Cookie, 0, len(j.index.byKey))
	for _, e := range j.index.inCreationOrder() {
		cookies = append(cookies, e.copyCookie())
	}
	return cookies
}

// Clear removes the cookies for which remove returns true; nil removes all. Those
// that have expired go in any case. Remove may use the jar; a cookie that is
// replaced in the meantime goes too. (aiohttp: CookieJar.clear)
func (j *Jar) Clear(remove func(*Cookie) bool) {
	var doomed []key
	if remove != nil {
		for _, c := range j.copyAll() {
			k := key{c.Domain, c.Path, c.Name}
			if remove(c) {
				doomed = append(doomed, k)
			}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if remove == nil {
		j.index = newIndex()
	}
	for _, k := range doomed {
		if e := j.index.byKey[k]; e != nil {
			j.index.remove(e)
		}
	}
	j.count.Store(int64(len(j.index.byKey)))
}

// ClearDomain removes the cookies of a domain and of all below it. The empty
// domain stands for the shared cookies. (aiohttp: CookieJar.clear_domain)
func (j *Jar) ClearDomain(domain string) {
	if domain != "" {
		var ok bool
		if domain, ok = httprule.Host(strings.TrimPrefix(domain, ".")); !ok {
			return
		}
	}
	j.Clear(func(c *Cookie) bool {
		if domain == "" {
			return c.Domain == ""
		}
		return domainMatch(c.Domain, domain)
	})
}

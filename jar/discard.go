package jar

import (
	"net/http"
	"net/url"
)

// Discard is a jar that keeps no cookie and has none. (aiohttp: DummyCookieJar)
type Discard struct{}

var _ http.CookieJar = Discard{}

// SetCookies keeps nothing.
func (Discard) SetCookies(*url.URL, []*http.Cookie) {}

// SetCookieHeaders keeps nothing.
func (Discard) SetCookieHeaders(*url.URL, []string) {}

// Cookies returns nil.
func (Discard) Cookies(*url.URL) []*http.Cookie { return nil }

// Len returns 0.
func (Discard) Len() int { return 0 }

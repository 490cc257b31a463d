package session

import (
	"net/http"
	"slices"

	"github.com/aiolos-http/aiolos/jar"
)

// Cookies are the cookies that the response sets, in their order, whatever the
// jar thinks of them. They are read as browsers do, which keep cookies that
// net/http's method of this name drops ([jar.ParseSetCookie]). Those of earlier
// hops are in [Response.History]. (aiohttp: cookies)
func (r *Response) Cookies() []*http.Cookie {
	var cookies []*http.Cookie
	for _, line := range r.Header["Set-Cookie"] {
		if c, err := jar.ParseSetCookie(line); err == nil {
			cookies = append(cookies, c)
		}
	}
	return cookies
}

// Cookie is the cookie of a name that the response sets, the last if there are
// several, or nil. (aiohttp: cookies[name])
func (r *Response) Cookie(name string) *http.Cookie {
	for _, c := range slices.Backward(r.Cookies()) {
		if c.Name == name {
			return c
		}
	}
	return nil
}

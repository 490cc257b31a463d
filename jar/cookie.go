package jar

import (
	"cmp"
	"net/http"
	"time"
)

// Cookie is a cookie of a jar, as a copy: to change it changes nothing in the
// jar. Domain and Path say where it is sent, whatever the server wrote; both are
// in canonical form, the domain without a leading dot, and empty for a shared
// cookie. Expires is the zero time for a session cookie; MaxAge and Raw are not
// kept. (http.cookies.Morsel)
type Cookie struct {
	http.Cookie

	// HostOnly says that Domain is the one host that the cookie is sent to;
	// otherwise it is sent to the sub-domains too.
	HostOnly bool
	// Created is when a cookie of this name, domain and path came first.
	Created time.Time
	// LastAccess is when it was last set or given out for a request.
	LastAccess time.Time
}

// Plain is the value as it is meant: without quotes, and with the escapes of
// [QuoteOctal] resolved. (Morsel.value; Morsel.coded_value is the text that is
// sent)
func (c *Cookie) Plain() string { return plainValue(c.Value, c.Quoted) }

// key is what two cookies do not share in a jar (RFC 6265 5.3, step 11).
type key struct{ domain, path, name string }

// entry is a cookie in the jar. What changes belongs to the jar's lock: the last
// access, and where the entry stands in the index.
type entry struct {
	key
	value       string
	quoted      bool
	secure      bool
	httpOnly    bool
	partitioned bool
	hostOnly    bool
	sameSite    http.SameSite
	expires     time.Time // zero: a session cookie
	created     time.Time
	accessed    time.Time

	serial uint64 // the order of creation
	used   uint64 // the order of access

	inDomain int // the place in the list of the domain
	inHeap   int // the place among those that expire, or -1
	links    [2]links
}

func (e *entry) isExpired(now time.Time) bool {
	return !e.expires.IsZero() && !e.expires.After(now)
}

// nameAndValue is what a request sends of the cookie.
func (e *entry) nameAndValue() http.Cookie {
	return http.Cookie{Name: e.name, Value: e.value, Quoted: e.quoted}
}

// httpCookie is what net/http knows of the cookie. Like nameAndValue it needs no lock: a cookie
// that is set again is another entry, and only its last access changes.
func (e *entry) httpCookie() http.Cookie {
	return http.Cookie{
		Name: e.name, Value: e.value, Quoted: e.quoted, Domain: e.domain, Path: e.path,
		Expires: e.expires, Secure: e.secure, HttpOnly: e.httpOnly,
		SameSite: e.sameSite, Partitioned: e.partitioned,
	}
}

// copyCookie is all of the cookie. The lock must be held.
func (e *entry) copyCookie() *Cookie {
	return &Cookie{Cookie: e.httpCookie(), HostOnly: e.hostOnly, Created: e.created, LastAccess: e.accessed}
}

// sendOrder is that of RFC 6265 5.4: longer paths first, then the older.
func sendOrder(a, b *entry) int {
	if n := len(b.path) - len(a.path); n != 0 {
		return n
	}
	return createOrder(a, b)
}

func createOrder(a, b *entry) int { return cmp.Compare(a.serial, b.serial) }

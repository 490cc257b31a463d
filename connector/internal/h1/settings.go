package h1

import (
	"time"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// Settings configure one exchange. The zero value has no timeouts and no limits.
type Settings struct {
	Total    time.Time     // when the exchange must be over, or zero
	SockRead time.Duration // the longest silence of the peer; 0 and less: none
	Limits   rawhead.Limits
	// ExpectContinue is how long a body waits for "100 Continue" where the request
	// expects that. 0 and less: until it comes, or another response.
	ExpectContinue time.Duration
	// FieldBytes is about how many bytes the request's header has, and Connection says that
	// it has the field of that name: whoever has checked the header knows.
	FieldBytes int
	Connection bool
	HTTP10     bool // the request is one of HTTP/1.0
	Absolute   bool // its target is in the absolute form, for a proxy (RFC 9112 3.2.2)
	Chunks     bool // where chunks end is noted: see [Exchange.ChunkAt]
	// LateCheck leaves the check that the conn is alive to the write of the request, if the
	// conn can do that (see [Conn.CanCheckLate]). RoundTrip may then return ErrDied, with the
	// body read but nothing sent.
	LateCheck bool
}

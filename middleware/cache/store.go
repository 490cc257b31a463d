package cache

import (
	"io"
	"net/http"
	"time"
)

// Store keeps what a [Cache] wants kept: [Memory] in memory,
// [Dir] in files, or something of your own. Keys are texts of any length
// and hold parts of URLs, so they may be secrets. All methods may be called at
// the same time. An error of a store never fails a request: it is told to
// [Config.OnError], and the request goes to the server. A store that several caches
// share may be a [Filler] too.
type Store interface {
	// Open returns what is kept under key, or nil and nil. The caller closes
	// the entry's Body.
	Open(key string) (*Entry, error)
	// Create begins an entry that takes the place of what is under key once it
	// is committed. It keeps meta, which nobody changes any more.
	Create(key string, meta *Meta) (Writer, error)
	// Update gives the entry under key another head, if it still has the same
	// [Meta.ID]; otherwise it does nothing. The body stays.
	Update(key string, meta *Meta) error
	// Delete forgets what is under key. There may be nothing.
	Delete(key string) error
}

// Writer takes the body of an entry. It is used by one goroutine, and ends
// with Commit or with Abort.
type Writer interface {
	io.Writer
	// Commit makes the entry visible.
	Commit() error
	// Abort leaves no trace of the entry. After Commit it does nothing.
	Abort()
}

// Entry is a response that a store kept.
type Entry struct {
	// Meta is the response's head. It is shared: nobody changes it.
	Meta *Meta
	// Body is the whole body as it came, still encoded if it was.
	Body io.ReadCloser
	// Size is the length of Body in bytes.
	Size int64
}

// Meta is the head of a stored response, as JSON or any other coding may
// keep it. It holds no header of the request.
type Meta struct {
	// ID tells entries under one key apart.
	ID string `json:"id"`
	// Status, Proto and Header are the response's. Fields that are about a
	// connection or set cookies are left out (RFC 9111 3.1).
	Status int         `json:"status"`
	Proto  string      `json:"proto"`
	Header http.Header `json:"header"`
	// Length is the response's Content-Length, or -1. It differs from the
	// body's size if the transport decoded the body, which Uncompressed says.
	Length       int64 `json:"length"`
	Uncompressed bool  `json:"uncompressed,omitempty"`
	// Requested and Received are when the request was sent and when the head
	// of the response arrived: the age is counted from them (RFC 9111 4.2.3).
	Requested time.Time `json:"requested"`
	Received  time.Time `json:"received"`
	// Vary is not nil in an entry that is no response but says on which
	// fields of the request the response depends; the responses are under keys
	// made with them (RFC 9111 4.1).
	Vary []string `json:"vary,omitempty"`
	// Keep is for how long from Received the response may be used without the server's
	// consent: fresh, and then stale as far as it and the [Config] allow. The cache sets it
	// for Create and Update; a store may forget the entry then, or keep it longer, since one
	// with a validator can still be asked after. 0 in an index (Vary), which is of use as
	// long as what it leads to, and in what was read from somewhere.
	Keep time.Duration `json:"-"`

	policy *policy // of Header; nil if the entry was read from somewhere
}

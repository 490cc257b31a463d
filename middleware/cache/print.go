package cache

import (
	"fmt"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes the status: headers may hold secrets. As JSON a Meta is whole,
// for stores to keep.
func (m Meta) Format(f fmt.State, verb rune) { m.describe().Format(f, verb) }

func (m Meta) describe() redact.Struct {
	return redact.Of(struct {
		Status int
		Header http.Header
		Length int64
	}{m.Status, m.Header, m.Length}).Named("cache.Meta")
}

// Format writes what is known of the answer, without the values of headers.
func (e Entry) Format(f fmt.State, verb rune) { e.describe().Format(f, verb) }

func (e Entry) describe() redact.Struct {
	s := redact.Struct{Name: "cache.Entry"}.With("Size", e.Size)
	if e.Meta != nil {
		s = s.With("Meta", e.Meta.describe())
	}
	return s
}

// Format writes the name of the type: entries may hold secrets.
func (m *Memory) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "cache.Memory"}.Format(f, verb)
}

// Format writes the name of the type: it has the URLs of what it fetches.
func (c *Cache) Format(f fmt.State, verb rune) { redact.Struct{Name: "cache.Cache"}.Format(f, verb) }

// Format writes what it wraps with: fmt asks an unexported field for no method.
func (t *transport) Format(f fmt.State, verb rune) { t.cache.Format(f, verb) }

package fleet

import (
	"fmt"
	"io"
)

// Parts change while requests are under way, and hold URLs, cookies and tokens, so that fmt
// must not look into them: Stats is what there is to see.

// Format writes the name of the type: see [Fleet.Stats].
func (*Fleet) Format(f fmt.State, _ rune) { writeName(f, "Fleet") }

// Format writes the name of the type: see [RateLimiter.Stats].
func (*RateLimiter) Format(f fmt.State, _ rune) { writeName(f, "RateLimiter") }

// Format writes the name of the type: see [ConcurrencyLimiter.Stats].
func (*ConcurrencyLimiter) Format(f fmt.State, _ rune) { writeName(f, "ConcurrencyLimiter") }

// Format writes the name of the type: see [CacheStore.Stats].
func (*CacheStore) Format(f fmt.State, _ rune) { writeName(f, "CacheStore") }

// Format writes the name of the type: see [Jar.Stats].
func (*Jar) Format(f fmt.State, _ rune) { writeName(f, "Jar") }

// Format writes the name of the type: see [SharedToken.Stats].
func (*SharedToken) Format(f fmt.State, _ rune) { writeName(f, "SharedToken") }

// Format writes the name of the type: it has a key.
func (TokenConfig) Format(f fmt.State, _ rune) { writeName(f, "TokenConfig") }

// MarshalJSON writes an empty object: it has a key.
func (TokenConfig) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

// MarshalText is Error: the cause may hold secrets.
func (e *UnavailableError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

func writeName(f fmt.State, name string) {
	io.WriteString(f, "fleet."+name+"{}") //nolint:errcheck // fmt has no way to be told
}

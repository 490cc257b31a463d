package middleware

import (
	"fmt"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes what is set, without the password, whatever the verb.
func (c DigestConfig) Format(f fmt.State, verb rune) { redact.Of(c).Format(f, verb) }

// MarshalJSON writes what Format does.
func (c DigestConfig) MarshalJSON() ([]byte, error) { return redact.Of(c).MarshalJSON() }

// String is the token without its value.
func (t Token) String() string { return redact.Of(t).String() }

// Format writes the token without its value, whatever the verb.
func (t Token) Format(f fmt.State, verb rune) { redact.Of(t).Format(f, verb) }

// MarshalJSON writes what Format does.
func (t Token) MarshalJSON() ([]byte, error) { return redact.Of(t).MarshalJSON() }

// Format writes what is set, without the values of headers and the body, whatever the verb.
func (rule FaultRule) Format(f fmt.State, verb rune) { redact.Of(rule).Format(f, verb) }

// MarshalJSON writes what Format does.
func (rule FaultRule) MarshalJSON() ([]byte, error) { return redact.Of(rule).MarshalJSON() }

// Format writes the attempt without secrets, whatever the verb.
func (a Attempt) Format(f fmt.State, verb rune) { redact.Of(a).Format(f, verb) }

// MarshalJSON writes what Format does.
func (a Attempt) MarshalJSON() ([]byte, error) { return redact.Of(a).MarshalJSON() }

// Format writes the event without the secrets that Err may hold, whatever the verb.
func (e Event) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e Event) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Policies change while requests are under way, so that fmt must not look into them:
// Stats is what there is to see.

// Format writes the name of the type: see [Retrier.Stats].
func (*Retrier) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Retrier"}.Format(f, verb)
}

// Format writes the name of the type: see [Hedger.Stats].
func (*Hedger) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Hedger"}.Format(f, verb)
}

// Format writes the name of the type: see [RateLimiter.Stats].
func (*RateLimiter) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.RateLimiter"}.Format(f, verb)
}

// Format writes the name of the type: see [ConcurrencyLimiter.Stats].
func (*ConcurrencyLimiter) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.ConcurrencyLimiter"}.Format(f, verb)
}

// Format writes the name of the type: see [Breaker.Stats].
func (*Breaker) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Breaker"}.Format(f, verb)
}

// Format writes the name of the type: see [Deduper.Stats].
func (*Deduper) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Deduper"}.Format(f, verb)
}

// Format writes the name of the type: it has tokens.
func (s *Tokens) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.TokenSource"}.Format(f, verb)
}

// Format writes what it wraps with: fmt asks an unexported field for no method.
func (s *tokenTransport) Format(f fmt.State, verb rune) { s.Tokens.Format(f, verb) }

// Format writes the name of the type: it has the headers of what is under way.
func (d *dedupeTransport) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Dedupe"}.Format(f, verb)
}

// Format writes the name of the type: it has a password.
func (d *digestTransport) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Digest"}.Format(f, verb)
}

// MarshalText is Error: the cause may hold secrets.
func (e *TokenError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// MarshalText is Error: the causes may hold secrets.
func (e *RetryError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// MarshalText is Error: the cause may hold secrets.
func (e *BackendError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// MarshalText is Error: the cause may hold secrets.
func (e *NoBackendError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Format writes the name of the type: see [Balancer.Stats].
func (*Balancer) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "middleware.Balancer"}.Format(f, verb)
}

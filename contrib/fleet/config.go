package fleet

import (
	"context"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/redis/go-redis/v9"
)

// Config is where a [Fleet] keeps what it shares.
type Config struct {
	// Redis is the caller's client: of a single server, of Sentinel or of a Cluster. The
	// fleet never closes it. nil is an [errors.InvalidRequestError].
	Redis redis.UniversalClient
	// Prefix begins the names of all keys, as "prefix:"; fleets of different prefixes
	// share nothing. Empty is "aiolos". Braces are an [errors.InvalidRequestError], since
	// they choose the node of a Cluster.
	Prefix string
	// Timeout bounds each call to Redis. 0 is 250 ms; negative is none but the context's.
	// Set ContextTimeoutEnabled in the client's options: what is given up is then left
	// behind for no longer than that, and otherwise until the client's own ReadTimeout.
	Timeout time.Duration
	// Unavailable says what happens while Redis does not answer. The zero value is Local.
	Unavailable Unavailable
	// RetryAfter is for how long nobody asks Redis again after it did not answer; then one
	// call tries. 0 is a second; negative is not at all: every call tries.
	RetryAfter time.Duration
	// Lease is for how long a process that says nothing keeps what it has of the fleet: it
	// is counted, has its places of a limit of concurrency, and the right to fetch. What
	// lives says so three times in a lease. 0 is 15 s; negative, and less than a second, is
	// a second.
	Lease time.Duration
	// Processes is how many there are taken to be, as long as Redis has not told: see
	// [Local]. 0 and negative are 1.
	Processes int
	// OnEvent is told what happens: [EventUnavailable] and [EventAvailable] of every part,
	// and [middleware.EventFailed] if Redis has under one key what it should not, with the
	// context of the request that met it; and what each part says that it tells. Policy is
	// the part, as "fleet jar", and "fleet jar writes" where it can read all the same. It
	// is called by many at the same time. See [middleware.Event]. nil is nobody.
	OnEvent func(ctx context.Context, e middleware.Event)
}

// Unavailable is what happens while Redis does not answer.
type Unavailable int

const (
	// Local goes on without it: limits with the share that this process would have of
	// them, which is the limit divided by the number of processes that were last known;
	// the cache, cookies and tokens with what this process has or gets itself.
	Local Unavailable = iota
	// Refuse fails what would need it, with an [*UnavailableError]. The cache, which may
	// lose what it likes, sends its requests to the server all the same.
	Refuse
)

// String is the name of the constant.
func (u Unavailable) String() string {
	switch u {
	case Local:
		return "local"
	case Refuse:
		return "refuse"
	}
	return "unknown"
}

// The kinds of [middleware.Event] of every part: Redis did not answer, with Err, and nobody
// asks it for Wait; it answers again, after Wait.
const (
	EventUnavailable middleware.EventKind = "unavailable"
	EventAvailable   middleware.EventKind = "available"
)

// The names of the parts, as in [middleware.Event].Policy, [UnavailableError].Part and
// [Stats].Unavailable. Those that write have a name of their own for it: a Redis that is
// full or read-only still reads.
const (
	membersPart     = "fleet members"
	rateLimitPart   = "fleet rate limit"
	concurrencyPart = "fleet concurrency"
	cachePart       = "fleet cache"
	cacheWritesPart = "fleet cache writes"
	jarPart         = "fleet jar"
	jarWritesPart   = "fleet jar writes"
	tokenPart       = "fleet token"
)

const (
	defaultPrefix     = "aiolos"
	defaultTimeout    = 250 * time.Millisecond
	defaultRetryAfter = time.Second
	defaultLease      = 15 * time.Second
	minLease          = time.Second
)

// withDefaults is the configuration with the values that zero stands for.
func (c Config) withDefaults() (Config, error) {
	if c.Redis == nil {
		return c, &errors.InvalidRequestError{Field: "fleet", Reason: "Redis is nil"}
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		return c, &errors.InvalidRequestError{Field: "fleet", Reason: "Prefix has a brace"}
	}
	if c.Unavailable != Local && c.Unavailable != Refuse {
		return c, &errors.InvalidRequestError{Field: "fleet", Reason: "Unavailable is neither Local nor Refuse"}
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.RetryAfter == 0 {
		c.RetryAfter = defaultRetryAfter
	}
	if c.Lease == 0 {
		c.Lease = defaultLease
	}
	c.Lease = max(c.Lease, minLease)
	c.Processes = max(c.Processes, 1)
	return c, nil
}

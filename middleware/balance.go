package middleware

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// BalanceConfig says which servers stand behind a host, and how one is chosen for each
// request. One of Backends, SRV and Lookup is set.
type BalanceConfig struct {
	// Host is the logical host: "api.example" on every port, "api.example:8080", or
	// "https://api.example" for that scheme only. Requests to other hosts pass
	// untouched. It need not exist in DNS.
	Host string
	// Backends are the servers. It is copied.
	Backends []Backend
	// SRV is the name of the records that list them, such as
	// "_https._tcp.api.example", with priorities and weights (RFC 2782). A weight of 0
	// beside others is a hundredth of a weight of 1.
	SRV string
	// Resolver looks SRV up. nil is [net.DefaultResolver].
	Resolver SRVResolver
	// Lookup lists them. It is called in a goroutine of its own, never twice at the same
	// time; its context has the values of one request's, and ends after LookupTimeout,
	// or when nobody waits for the first list any more; requests sent with it go to the
	// host itself. What it returns is copied. If it panics, that is an error of the look-up.
	Lookup func(ctx context.Context) ([]Backend, error)
	// Refresh is how old a list of SRV or Lookup gets before a request has it looked up
	// again. 0 is 30 s, negative is never. That request, and others meanwhile, go by the
	// old list; so they do if the look-up fails, which is tried again after 5 s.
	Refresh time.Duration
	// LookupTimeout bounds a look-up. 0 and negative are 10 s.
	LookupTimeout time.Duration
	// By is how a backend is chosen among those in service. Empty is [RoundRobin].
	By BalanceBy
	// Sticky returns what the requests have in common that go to the same backend, such
	// as a user or a session. "" is nothing: then By chooses. If a backend comes or goes,
	// only the keys of that one move, and come back with it; every process chooses the
	// same. It must not read the body. nil is "" always.
	Sticky func(req *http.Request) string
	// BackendNames sends to each backend under its own name, in the Host header and in
	// TLS, if it does not say more ([Backend].Host and ServerName). Otherwise they hear,
	// and have to be, the logical host.
	BackendNames bool
	// Failures is how many in a row put a backend out. 0 is 5, negative is never.
	Failures int
	// OutFor is how long it is out before one request is sent to it again, to see
	// whether it can return. 0 is 30 s, negative is not at all.
	OutFor time.Duration
	// IsFailure is that of [BreakerConfig].
	IsFailure func(resp *http.Response, err error) bool
	// FailFast refuses requests while all backends are out, with a [*NoBackendError].
	// Otherwise they are chosen from as if none was.
	FailFast bool
	// OnEvent is told what happens, as [EventChosen], [EventPutOut], [EventProbed],
	// [EventReturned], [EventRefused], [EventFetched] and [EventFailed]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// BalanceBy is a way to choose a backend.
type BalanceBy string

const (
	// RoundRobin takes one after the other, from any to begin with, each as often as its
	// weight says, and spread evenly.
	RoundRobin BalanceBy = "round robin"
	// LeastOfTwo takes two at random, by their weights, and of them the one that has, for
	// its weight, fewer requests under way: until the body of the response is closed or
	// at its end.
	LeastOfTwo BalanceBy = "least of two"
)

// Balance sends the requests for one logical host to many backends. Each request is sent
// to the backend's address, with the Host header and the name in TLS that it had; the
// response names the URL that was asked for, which is the origin for cookies, redirects
// and credentials, and so do errors, which are a [*BackendError].
//
// A backend that fails several times in a row is put out for a while; what fails is seen
// from the requests alone. Backends of a higher [Backend.Priority] are used while none of
// a lower one is in service. [Retry] and [Hedge] around it go to another backend than
// before as long as one is in service, and [Digest] answers a challenge where it came from.
//
// Over a Connector the name in TLS is kept by itself; another Transport has to be told in
// its TLS configuration, or else asks for the backend's. A proxy that forwards requests
// without a tunnel goes by the Host header. Configurations that make no sense are an
// [errors.InvalidRequestError] of each request to the host, or, if that makes none, of
// each request.
//
// What it returns is safe for concurrent use, and shares what is known of the backends,
// whatever it wraps. Nothing of it runs while nobody asks, but for a look-up that was begun.
func Balance(cfg BalanceConfig) Middleware { return NewBalancer(cfg).Wrap }

// Balancer is what [Balance] makes its middleware of. It is made by [NewBalancer], since
// its zero value has no settings, and is safe for concurrent use.
type Balancer struct {
	cfg  BalanceConfig
	host logicalHost
	err  error // of the configuration

	lookups inflightCalls[struct{}]
	mu      sync.Mutex
	members []*member // by priority; nil: there are none
	known   bool      // members is the result of a look-up, or given
	due     time.Time // when the next look-up is; zero: never
	failure error     // of the last look-up
	count   struct{ sent, refused, putOut, returned, probed, lookups, lookupsFailed int64 }
	random  func(n int64) int64 // 0 to n-1
}

// NewBalancer is [Balance] with a way to ask for its state.
func NewBalancer(cfg BalanceConfig) *Balancer { return newBalancer(cfg, rand.Int64N) }

func newBalancer(cfg BalanceConfig, random func(n int64) int64) *Balancer {
	if cfg.Failures == 0 {
		cfg.Failures = 5
	}
	if cfg.IsFailure == nil {
		cfg.IsFailure = isServerFailure
	}
	if cfg.By == "" {
		cfg.By = RoundRobin
	}
	cfg.OutFor = durationOr(cfg.OutFor, 30*time.Second)
	if cfg.Refresh == 0 {
		cfg.Refresh = 30 * time.Second
	}
	if cfg.LookupTimeout <= 0 {
		cfg.LookupTimeout = 10 * time.Second
	}
	if cfg.Resolver == nil {
		cfg.Resolver = defaultSRVResolver()
	}
	b := &Balancer{cfg: cfg, random: random}
	b.host, b.err = parseLogicalHost(cfg.Host)
	if err := cfg.check(); b.err == nil {
		b.err = err
	}
	if cfg.SRV == "" && cfg.Lookup == nil {
		members, err := parseBackends(cfg.Backends)
		if b.err == nil {
			b.err = err
		}
		b.adoptMembers(members)
	}
	return b
}

// check refuses what cannot be set together.
func (cfg *BalanceConfig) check() error {
	sources := 0
	for _, set := range []bool{len(cfg.Backends) > 0, cfg.SRV != "", cfg.Lookup != nil} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		return &errors.InvalidRequestError{Field: "balance", Reason: "needs one of Backends, SRV and Lookup"}
	case cfg.By != RoundRobin && cfg.By != LeastOfTwo:
		return &errors.InvalidRequestError{Field: "balance", Reason: "By is neither RoundRobin nor LeastOfTwo"}
	}
	return nil
}

// Wrap is the [Middleware].
func (b *Balancer) Wrap(next http.RoundTripper) http.RoundTripper {
	return &balanceTransport{b, requireNext(next)}
}

type balanceTransport struct {
	*Balancer
	next http.RoundTripper
}

const balancePolicy = "balance"

// RoundTrip chooses a backend, sends the request there, and takes note of what comes.
func (t *balanceTransport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	if !t.host.matches(req.URL) {
		if t.host == (logicalHost{}) {
			return refuseRequest(req, t.err)
		}
		return t.next.RoundTrip(req)
	}
	if t.cfg.Lookup != nil && req.Context().Value(lookupKey{t.Balancer}) != nil {
		return t.next.RoundTrip(req) // it cannot wait for itself
	}
	x, err := t.chooseBackend(req)
	if err != nil {
		return refuseRequest(req, err)
	}
	outcome, handed := breakerNeutral, false
	defer func() { //nolint:contextcheck // the exchange has the request; it is called also if something panics
		if !handed {
			x.release()
		}
		guardResponse(resp, func() { x.recordOutcome(outcome) })
	}()
	x.tellChosen() //nolint:contextcheck // likewise
	resp, err = t.next.RoundTrip(x.sent)
	if resp != nil || err != nil {
		guardResponse(resp, func() { outcome = outcomeOf(req.Context(), resp, err, t.cfg.IsFailure) }) //nolint:contextcheck // it is the request's
	}
	if err != nil {
		return resp, x.nameBackend(err)
	}
	if resp != nil {
		x.nameRequest(resp) //nolint:contextcheck // likewise
		onBodyDone(resp, x.release)
		handed = true
	}
	return resp, nil
}

// chooseBackend begins the exchange with the backend for a request.
func (b *Balancer) chooseBackend(req *http.Request) (*balanceExchange, error) {
	err := b.err
	if err == nil {
		err = b.ensureMembers(req.Context())
	}
	key := ""
	if err == nil && b.cfg.Sticky != nil {
		key = b.cfg.Sticky(req)
	}
	x := &balanceExchange{Balancer: b, req: req, tried: triedOf(req.Context())}
	if err == nil {
		err = b.takeMember(x, key)
	}
	if err != nil {
		if no, ok := err.(*NoBackendError); ok { //nolint:errorlint // it is ours
			no.Host = originOf(req)
		}
		b.countRefused()
		tellEvent(b.cfg.OnEvent, req.Context(), Event{Policy: balancePolicy, Kind: EventRefused, Host: originOf(req), Err: err})
		return nil, err
	}
	x.address() //nolint:contextcheck // it is a context itself
	return x, nil
}

func (b *Balancer) countRefused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count.refused++
}

// logicalHost is for which URLs backends are chosen: an origin, of which the scheme and
// the port may be empty, which are any.
type logicalHost httprule.Origin

package middleware

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// balanceExchange is one sending of a request to a backend. It is also the context of
// what is sent, and of the request that the response names: by it those around find
// which backend it was.
type balanceExchange struct {
	context.Context //nolint:containedctx // it is a context itself: the request's is its parent
	*Balancer
	req     *http.Request // as it came
	tried   *triedBackends
	member  *member
	backend Backend
	place   place
	attempt int
	probe   bool
	epoch   int

	sent  *http.Request
	url   url.URL
	names httprule.Backend
}

// exchangeKey is the key under which a context has its *balanceExchange.
type exchangeKey struct{}

// Value has the exchange, and for the connector and the jar what was changed.
func (x *balanceExchange) Value(key any) any {
	switch key {
	case exchangeKey{}:
		return x
	case httprule.BackendKey{}:
		return &x.names
	}
	return x.Context.Value(key)
}

// address makes the request that is sent.
func (x *balanceExchange) address() {
	asked, host := x.req.URL, x.req.Host
	if host == "" {
		host = asked.Host
	}
	x.Context, x.url = x.req.Context(), *asked
	x.url.Host = x.place.at(asked)
	x.names = httprule.Backend{Asked: asked, Host: x.req.Host, Addr: x.url.Host, ServerName: x.backend.ServerName}
	if x.names.ServerName == "" && !x.cfg.BackendNames {
		x.names.ServerName, _ = httprule.Host(asked.Hostname()) // it matches
	}
	if x.cfg.BackendNames {
		host = httprule.OriginOf(&x.url).Authority()
	}
	if x.backend.Host != "" {
		host = x.backend.Host
	}
	x.sent = x.req.WithContext(x)
	x.sent.URL, x.sent.Host = &x.url, host
}

// nameRequest makes a response that of the request as it came, with what was sent in it.
func (x *balanceExchange) nameRequest(resp *http.Response) {
	sent := resp.Request
	if sent == nil || sent.URL == nil {
		sent = x.sent
	}
	shown := sent.WithContext(x)
	if sent.URL.Host == x.url.Host {
		shown.URL, shown.Host = x.req.URL, x.req.Host
	}
	resp.Request = shown
}

// nameBackend makes a failure say where it was, unless the caller has ended it.
func (x *balanceExchange) nameBackend(err error) error {
	if errors.Is(x.req.Context().Err(), context.Canceled) {
		return err
	}
	return &BackendError{Host: originOf(x.req), Backend: x.name(), Err: err, exchange: x}
}

// name is the address that the request went to.
func (x *balanceExchange) name() string { return x.url.Host }

// recordOutcome puts the backend out, or takes it back.
func (x *balanceExchange) recordOutcome(outcome breakerOutcome) {
	x.mu.Lock()
	if outcome == breakerFailure {
		x.member.failed++
	}
	changed, out := x.member.state.recordOutcome(x.epoch, outcome, x.cfg.Failures, x.cfg.OutFor)
	kind := EventReturned
	switch {
	case changed && out:
		kind = EventPutOut
		x.count.putOut++
	case changed:
		x.count.returned++
	}
	x.mu.Unlock()
	if changed && x.cfg.OnEvent != nil {
		e := x.event(kind)
		if out {
			e.Wait = x.cfg.OutFor
		}
		x.cfg.OnEvent(x.req.Context(), e)
	}
}

// release says that the request is under way no more.
func (x *balanceExchange) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.member.underWay--
}

func (x *balanceExchange) tellChosen() {
	if x.cfg.OnEvent == nil {
		return
	}
	if x.probe {
		x.cfg.OnEvent(x.req.Context(), x.event(EventProbed))
	}
	x.cfg.OnEvent(x.req.Context(), x.event(EventChosen))
}

func (x *balanceExchange) event(kind EventKind) Event {
	return Event{Policy: balancePolicy, Kind: kind, Host: originOf(x.req), Backend: x.name(), Attempt: x.attempt}
}

// BackendOf is the address, as host:port, of the backend that a response of [Balance] came
// from, or "" if it came from none.
func BackendOf(resp *http.Response) string {
	if x := exchangeOf(resp, nil); x != nil {
		return x.name()
	}
	return ""
}

// AskedURL is the URL that was asked for, of a request that [Balance] sends to a backend,
// and of any other the one that it has: for who stands below, and goes by origins. It is
// not to be changed. Nil is that of a request without a URL. A request that somebody sends
// elsewhere than to that backend, or under another scheme, has its own.
func AskedURL(req *http.Request) *url.URL {
	if b := httprule.BackendOf(req); b != nil && strings.EqualFold(b.Asked.Scheme, req.URL.Scheme) {
		return b.Asked
	}
	return req.URL
}

// exchangeOf is the one that a result came from, or nil.
func exchangeOf(resp *http.Response, err error) *balanceExchange {
	if failed, ok := errors.AsType[*BackendError](err); ok {
		return failed.exchange
	}
	if resp == nil || resp.Request == nil {
		return nil
	}
	x, _ := resp.Request.Context().Value(exchangeKey{}).(*balanceExchange)
	return x
}

// stayKey is the key under which a context has the *balanceExchange whose backend is the
// only one that can make sense of the request.
type stayKey struct{}

// stayAtBackend is a request that goes to the backend that a response came from.
func stayAtBackend(req *http.Request, resp *http.Response) *http.Request {
	x := exchangeOf(resp, nil)
	if x == nil {
		return req
	}
	return req.WithContext(context.WithValue(req.Context(), stayKey{}, x))
}

// triedBackends are the backends that a request was sent to, of whichever Balancer. A nil
// one has none. Who sends a request several times puts one into the contexts: [Hedge] at
// once, and [Retry] when an attempt has failed at a backend, so that requests that are
// sent once cost nothing.
type triedBackends struct {
	mu  sync.Mutex
	all []triedBackend
}

type triedBackend struct {
	by   *Balancer
	name string
}

// lastAt is the number of the last sending to a backend, from 1; 0: there was none.
func (t *triedBackends) lastAt(by *Balancer, name string) int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, tried := range slices.Backward(t.all) {
		if tried == (triedBackend{by, name}) {
			return i + 1
		}
	}
	return 0
}

// add takes note of a sending, and returns its number, from 1.
func (t *triedBackends) add(by *Balancer, name string) int {
	if t == nil {
		return 1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, triedBackend{by, name})
	return len(t.all)
}

// triedContext is a context with the backends that were tried.
type triedContext struct {
	context.Context //nolint:containedctx // it is a context itself
	tried           *triedBackends
}

type triedKey struct{}

// Value has what was tried.
func (c *triedContext) Value(key any) any {
	if key == (triedKey{}) {
		return c.tried
	}
	return c.Context.Value(key)
}

func triedOf(ctx context.Context) *triedBackends {
	tried, _ := ctx.Value(triedKey{}).(*triedBackends)
	return tried
}

// avoidBackends is the next attempt of a request of which one has failed, if that was at a
// backend: it goes to another one.
func avoidBackends(try *http.Request, tried *triedBackends) *http.Request {
	if tried == nil || triedOf(try.Context()) == tried {
		return try
	}
	return try.WithContext(&triedContext{try.Context(), tried}) //nolint:contextcheck // it inherits
}

// noteBackend adds the backend of a result to those that were tried.
func noteBackend(tried *triedBackends, resp *http.Response, err error) *triedBackends {
	x := exchangeOf(resp, err)
	switch {
	case x == nil:
		return tried
	case x.tried != nil:
		return x.tried
	case tried == nil:
		tried = &triedBackends{}
	}
	tried.add(x.Balancer, x.member.name)
	return tried
}

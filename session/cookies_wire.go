package session

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Cookies and middlewares. A middleware may send a request several times: after a 503,
// to answer a challenge, beside a slow one. Each response that comes over the wire says
// something to the jar (RFC 6265 3), and what is sent next has to carry it; but what
// does not come over the wire, from a cache or a fellow's request, must not set back a
// cookie that has changed since. So what stands nearest to the wire keeps the cookies:
//
//	call           makes the Cookie header of a hop: all middlewares see it
//	  │
//	middlewares    Cache, Dedupe, Retry, Digest, Hedge, …, those of AddMiddleware
//	  │
//	cookieKeeper   the first sending as it is; further ones with what the jar says now;
//	  │            gives the jar what each response sets
//	transport
//
// A call without middlewares has none of this: what it sends is sent once, and it gives
// the jar what the response sets itself. So it does if a middleware stands in for the
// wire, as a mock does, and nothing has come by below.

// cookieKeeper is the RoundTripper below all middlewares of a session.
type cookieKeeper struct{ next http.RoundTripper }

// RoundTrip sends a request of a hop, or one that a middleware made of it.
func (k *cookieKeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	h, _ := req.Context().Value(hopKey{}).(*hopContext)
	if h == nil {
		return k.next.RoundTrip(req)
	}
	sent := h.refreshCookies(req)
	resp, err := k.next.RoundTrip(sent)
	if err == nil && resp != nil && httprule.IsStatus(resp.StatusCode) && !h.replayed.CompareAndSwap(resp, nil) {
		if resp.Request == nil {
			resp.Request = sent // see wasSeen; a cache looks at its cookies
		}
		h.storeResponse(req, resp)
	}
	return resp, err
}

// hopContext is the context of a hop that passes middlewares. It does not change when
// the call goes on to the next hop, because a request of this one may still be under
// way then: the slower one of a Hedge, or a cache's that refreshes what it has.
type hopContext struct {
	context.Context //nolint:containedctx // it is a context itself: the call's is its parent
	cookieSources
	host     string   // that is asked for
	first    []string // the Cookie header that the middlewares see
	sendings atomic.Int32
	answered atomic.Bool                   // by a response that was looked at without being sent
	replayed atomic.Pointer[http.Response] // the last that NoteReplayed has seen
}

type hopKey struct{}

// hopContext is the context of the present hop, whose header is complete.
func (c *call) hopContext() context.Context {
	if !c.keepsCookiesBelow() {
		return &c.ctx
	}
	return &hopContext{
		Context: &c.ctx, cookieSources: c.cookieSources(), host: c.askedHost(), first: c.opts.header["Cookie"],
	}
}

// Value is that of the call's context.
func (h *hopContext) Value(key any) any {
	switch key {
	case hopKey{}:
		return h
	case httprule.AnswerKey{}:
		return httprule.AnswerNoter(h)
	}
	return h.Context.Value(key)
}

// isOf reports whether a request is one of the hop, as it is or sent elsewhere in its
// name. A middleware may also send requests of its own, to fetch a token for example:
// those have another host, or are not as safe.
func (h *hopContext) isOf(req *http.Request) bool {
	u, host := req.URL, req.Host
	if b := httprule.BackendOf(req); b != nil { // what it was before a backend was chosen
		u, host = b.Asked, b.Host
	}
	switch {
	case u == h.url:
		return true
	case u == nil || host != h.host:
		return false
	}
	return h.url.Scheme != "https" || u.Scheme == "https" || u.Hostname() != h.url.Hostname()
}

// refreshCookies is the request with the cookies that it has to have now: the request
// itself the first time, or if nothing has changed. What a middleware added to the
// header, or took away, stays so.
func (h *hopContext) refreshCookies(req *http.Request) *http.Request {
	if !h.isOf(req) || h.sendings.Add(1) == 1 {
		return req
	}
	now, _ := h.header()
	if slices.Equal(now, h.first) {
		return req
	}
	given := httprule.FieldValues(req.Header, "Cookie")
	line := parsePairs(now).withChanges(parsePairs(h.first), parsePairs(given)).String()
	if len(given) == 1 && given[0] == line {
		return req
	}
	sent := req.WithContext(req.Context()) // a copy
	if sent.Header = maps.Clone(req.Header); sent.Header == nil {
		sent.Header = http.Header{}
	}
	if line == "" {
		sent.Header = httprule.DeleteField(sent.Header, "Cookie")
	} else {
		httprule.SetField(sent.Header, "Cookie", line)
	}
	return sent
}

// storeResponse gives the jar what a response sets: for the URL of the hop, wherever a
// middleware has sent it.
func (h *hopContext) storeResponse(req *http.Request, resp *http.Response) {
	lines := httprule.FieldValues(resp.Header, "Set-Cookie")
	if len(lines) == 0 {
		return
	}
	u := h.url
	if !h.isOf(req) {
		u = req.URL
	}
	storeLines(h.jar, u, lines)
}

// NoteReplayed stores what a response sets that a middleware plays in the place of the
// wire.
func (h *hopContext) NoteReplayed(req *http.Request, resp *http.Response) {
	h.storeResponse(req, resp)
	h.replayed.Store(resp)
	h.answered.Store(true)
}

// NoteShared takes note that another call has stored what the response sets.
func (h *hopContext) NoteShared() { h.answered.Store(true) }

// wasSeen reports whether what a response of the hop sets was stored already, now or
// earlier: something has come by the wire, or the response has before, or it says that
// it comes from a cache (RFC 9111 5.1; the other field is that of Go's httpcache).
func (h *hopContext) wasSeen(resp *http.Response) bool {
	if h.sendings.Load() > 0 || h.answered.Load() {
		return true
	}
	if resp.Request != nil {
		if other, _ := resp.Request.Context().Value(hopKey{}).(*hopContext); other != nil && other.sendings.Load() > 0 {
			return true
		}
	}
	return httprule.HasField(resp.Header, "Age") || httprule.HasField(resp.Header, "X-From-Cache")
}

package time

import (
	"net/http"
	"slices"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// hop is one request on the way to a response, and what came of it: a redirect, a
// challenge that is answered, a failure that is tried again, and the last one.
type hop struct {
	resp  *http.Response // its body is not ours
	times connector.Recorder
}

// Timing is where the time of the hop went, once its body was read or closed.
func (h *hop) Timing() session.Timing { return h.times.Timing() }

// recordHops is a middleware that stands below what sends a request again, and keeps
// every hop. The session knows only the last one of a call, and its redirects.
func (t *command) recordHops(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := new(hop)
		if settings := connector.SettingsFrom(req.Context()); settings != nil {
			own := *settings
			own.Recorder = &h.times
			req = req.WithContext(connector.WithSettings(req.Context(), own))
		}
		resp, err := next.RoundTrip(req)
		if err == nil {
			h.resp = resp
			t.hops = append(t.hops, h)
		}
		return resp, err
	})
}

// takeHops returns the hops of the response that was read last, in their order.
func (t *command) takeHops() []*hop {
	hops := slices.Clone(t.hops)
	t.hops = t.hops[:0]
	return hops
}

package dial

import (
	"crypto/tls"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Route is what distinguishes connections beyond their host: the TLS policy and
// the proxy. Routes of one Dialer are compared by their pointers; nil is the usual
// one, without a proxy.
type Route struct {
	Proxy *Proxy // nil: direct

	spec   routeSpec
	config *tls.Config // for the server; without its name and the pin's check
}

// routeSpec identifies a route.
type routeSpec struct {
	own                bool // it has a policy of its own
	policy             Policy
	proxy, proxyHeader string
}

// maxRoutes bounds what is remembered. A forgotten route is made anew, and the
// connections of the old one are no longer used.
const maxRoutes = 256

// Route returns the route under a policy, nil for the Dialer's own, and through a
// proxy, nil for none. It is the same one for equal policies and proxies.
func (d *Dialer) Route(policy *Policy, through *Proxy) *Route {
	spec := routeSpec{}
	if policy != nil {
		spec.own, spec.policy = true, *policy
	}
	if through != nil {
		spec.proxy = through.URL.String()
		spec.proxyHeader = headerText(through.Header)
	}
	if spec == (routeSpec{}) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.routes[spec]; known != nil {
		return known
	}
	for old := range d.routes {
		if len(d.routes) < maxRoutes {
			break
		}
		delete(d.routes, old)
	}
	made := &Route{spec: spec, Proxy: through, config: d.tls}
	if policy != nil {
		made.config = ServerTLS(d.config.TLS, policy)
	}
	d.routes[spec] = made
	return made
}

// headerText is a header as a comparable value.
func headerText(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			b.WriteString(name + ":" + v + "\n")
		}
	}
	return b.String()
}

package connector

import (
	"net/http"
	"net/url"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Proxy is the proxy of one request.
type Proxy struct {
	// URL is that of the proxy: http, https, socks5 or socks5h, perhaps with
	// credentials. Nil means no proxy, whatever the connector has.
	URL *url.URL
	// Auth are credentials, in the place of those in the URL.
	Auth *url.Userinfo
	// Header is sent to the proxy with CONNECT and to nobody else.
	Header http.Header
}

// routeOf finds the route of a request. Requests without wishes of their own, on
// a connector without a proxy, need none. A backend that stands in for another host has
// to prove that it is that one, in whichever way the policy says.
func (c *Connector) routeOf(u *url.URL, s *Settings, backend *httprule.Backend) (*dial.Route, error) {
	var policy *TLSPolicy
	var wanted *Proxy
	trust := c.config.TrustEnv
	if s != nil {
		policy, wanted, trust = s.TLS, s.Proxy, trust || s.TrustEnv
	}
	through := c.proxy
	switch {
	case c.dialer.local != "" && wanted != nil && wanted.URL != nil:
		return nil, &errors.InvalidRequestError{Field: "Proxy", Reason: "a local socket has none"}
	case c.dialer.local != "":
		// Nor does the environment speak of it.
	case wanted != nil && wanted.URL == nil:
		through = nil
	case wanted != nil:
		p, err := dial.NewProxy(wanted.URL, wanted.Auth, wanted.Header)
		if err != nil {
			return nil, err
		}
		through = p
	case through == nil && trust:
		p, err := c.environment.ProxyFor(u)
		if err != nil {
			return nil, err
		}
		through = p
	}
	if backend != nil && backend.ServerName != "" {
		policy = c.policyFor(policy, backend.ServerName)
	}
	if policy == nil && through == nil {
		return nil, nil //nolint:nilnil // nil is the usual route
	}
	if policy == nil {
		return c.dialer.net.Route(nil, through), nil
	}
	if err := policy.check(); err != nil {
		return nil, err
	}
	return c.dialer.net.Route(policy.dialPolicy(), through), nil
}

// policyFor is the policy of a request, nil for the connector's, with a name for TLS,
// unless it has one already.
func (c *Connector) policyFor(policy *TLSPolicy, serverName string) *TLSPolicy {
	named := TLSPolicy{Insecure: c.config.Insecure, Pin: c.config.Pin}
	if policy != nil {
		named = *policy
	}
	base := c.config.TLS
	if named.Config != nil {
		base = named.Config
	}
	if named.ServerName != "" || base != nil && base.ServerName != "" {
		return policy
	}
	named.ServerName = serverName
	return &named
}

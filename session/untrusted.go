package session

import (
	"net/netip"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
	"github.com/aiolos-http/aiolos/middleware"
)

// NewPublic returns a session that reaches nothing but servers of the public
// internet, for URLs that somebody else has chosen (server-side request forgery):
// on every hop the scheme must be http or https, and https must not lead back to
// http; of every address that a name has, those that are loopback, private,
// link-local, shared or otherwise special are passed over, in whatever notation.
//
// The connector is made from conn, whose AllowAddr is asked too, and closed with
// the session; cfg must have neither Connector nor Transport. Through a proxy it is
// the proxy that resolves names, so that conn and the environment must not have one.
func NewPublic(cfg Config, conn connector.Config) (*Session, error) {
	switch {
	case cfg.Connector != nil || cfg.Transport != nil:
		return nil, &errors.InvalidRequestError{Field: "Connector", Reason: "a public session makes its own"}
	case conn.Proxy != "" || conn.TrustEnv || cfg.TrustEnv:
		return nil, &errors.InvalidRequestError{Field: "Proxy", Reason: "a proxy resolves names itself"}
	}
	own := conn.AllowAddr
	conn.AllowAddr = connector.RefusePrivate
	if own != nil {
		conn.AllowAddr = func(a netip.AddrPort) error { return oneline.Join(connector.RefusePrivate(a), own(a)) }
	}
	c, err := connector.New(conn)
	if err != nil {
		return nil, err
	}
	cfg.Connector, cfg.OwnConnector = c, true
	rules := middleware.Schemes(middleware.SchemeRules{NoDowngrade: true})
	cfg.Middleware = append([]middleware.Middleware{rules}, cfg.Middleware...)
	s, err := New(cfg)
	if err != nil {
		c.Close() // always nil
		return nil, err
	}
	return s, nil
}

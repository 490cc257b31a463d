package cli

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// patience is a duration flag: 1m30s, or a number of seconds; 0 is no limit. It
// has the library's convention for a duration inside.
type patience time.Duration

// Set implements pflag.Value.
func (p *patience) Set(s string) error {
	d, err := time.ParseDuration(s)
	if seconds, numErr := strconv.ParseFloat(s, 64); numErr == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if seconds > 1e9 || seconds != seconds {
			err = errors.New("too much")
		}
	}
	switch {
	case err != nil || d < 0:
		return errors.New("use a duration such as 30s or 1m30s, or 0 for no limit")
	case d == 0:
		d = -1
	}
	*p = patience(d)
	return nil
}

// String implements pflag.Value.
func (p *patience) String() string {
	switch d := time.Duration(*p); {
	case d < 0:
		return "none"
	case d > 0:
		return d.String()
	}
	return ""
}

// Type implements pflag.Value.
func (p *patience) Type() string { return "duration" }

// network are the flags that all commands with requests have.
type network struct {
	total, connect, read patience
	credentials
	route
	kept
}

// newNetwork returns the flags with the defaults of a single request.
func newNetwork(a *app) network {
	return network{total: patience(session.DefaultTotal), route: route{notice: a.notice}, kept: kept{app: a}, credentials: credentials{app: a}}
}

// newBareNetwork returns the flags of a command without sessions, which tells nobody
// that a request is sent again. Zero is no limit for a request but the library's.
func newBareNetwork(a *app, total time.Duration) network {
	return network{total: patience(total), credentials: credentials{app: a}}
}

// flags adds the flags to a command. The values that are set already are the
// defaults.
func (n *network) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	defer mark(f, names(f))
	f.Var(&n.total, "timeout", "limit for a whole request, with redirects and body; 0: none")
	f.Var(&n.connect, "connect-timeout", "limit for getting a connection; 0: none")
	f.Var(&n.read, "read-timeout", "longest silence of the server; 0: none")
	n.credentials.flags(cmd)
	n.route.flags(cmd)
	n.kept.flags(cmd)
}

// session makes a session whose connector has the given settings, and those of
// the flags where there are none.
func (n *network) session(ctx context.Context, cfg connector.Config, mw ...middleware.Middleware) (*session.Session, error) {
	if !n.dry {
		if err := n.ask(ctx); err != nil {
			return nil, err
		}
	}
	if err := n.logKeys(&cfg); err != nil {
		return nil, err
	}
	conn, err := n.connector(cfg)
	if err != nil {
		return nil, err
	}
	s, err := n.over(conn, n.route.middleware(), mw)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// over makes a session over a connector, which then is the session's.
func (n *network) over(conn *connector.Connector, mw ...[]middleware.Middleware) (*session.Session, error) {
	cookies, err := n.load()
	if err != nil {
		return nil, err
	}
	options, err := n.credentials.options()
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{
		Jar:          cookies,
		Connector:    conn,
		OwnConnector: true,
		Middleware:   slices.Concat(n.kept.middleware(), slices.Concat(mw...)),
		Options:      options,
		// What was typed for one origin is not for another one.
		SensitiveHeaders: n.sensitive(),
		Timeout: session.ClientTimeout{
			Total:    time.Duration(n.total),
			Connect:  time.Duration(n.connect),
			SockRead: time.Duration(n.read),
		},
	})
}

// itemOptions are the query parameters and headers of a request.
func (n *network) itemOptions(req *syntax.Request) []session.Option {
	n.learn(req.Headers)
	options := make([]session.Option, 0, len(req.Query)+len(req.Headers))
	for _, q := range req.Query {
		options = append(options, session.Query(q.Name, q.Value))
	}
	for _, h := range req.Headers {
		switch {
		case !h.Unset:
			options = append(options, session.AddHeader(h.Name, h.Value))
		case n.forgets(h.Name):
		default:
			options = append(options, session.SkipHeader(h.Name))
		}
	}
	return options
}

// expand completes a URL of the command line.
func expand(word string) (string, error) {
	u, err := syntax.ExpandURL(word)
	if err != nil {
		return "", usage(err)
	}
	return u, nil
}

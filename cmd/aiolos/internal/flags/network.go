package flags

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Network are the flags that all commands with requests have. A duration of zero is the
// library's default, a negative one no limit.
type Network struct {
	Total, Connect, Read Duration
	Credentials
	Route
	StoredSession
}

// NewNetwork returns the flags with the defaults of a single request.
func NewNetwork(a *app.App) Network {
	return Network{
		Total:         Duration(session.DefaultTotal),
		Credentials:   Credentials{app: a},
		Route:         Route{Notice: a.Notice},
		StoredSession: StoredSession{app: a},
	}
}

// NewBareNetwork returns the flags of a command that has no --session and does not
// tell that a request is sent again. A total of zero is the library's default.
func NewBareNetwork(a *app.App, total time.Duration) Network {
	return Network{Total: Duration(total), Credentials: Credentials{app: a}}
}

// AddFlags adds the flags to a command. The values that are set already are the
// defaults.
func (n *Network) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	defer markShared(f, flagNames(f))
	f.Var(&n.Total, "timeout", "limit for a whole request, with redirects and body; 0: none")
	f.Var(&n.Connect, "connect-timeout", "limit for getting a connection; 0: none")
	f.Var(&n.Read, "read-timeout", "longest silence of the server; 0: none")
	n.Credentials.AddFlags(cmd)
	n.Route.AddFlags(cmd)
	if n.StoredSession.app != nil {
		n.StoredSession.AddFlags(cmd)
	}
}

// OpenSession makes a session whose connector has the given settings, and those of
// the flags where there are none.
func (n *Network) OpenSession(ctx context.Context, cfg connector.Config, mw ...middleware.Middleware) (*session.Session, error) {
	if err := n.resolveLogin(); err != nil {
		return nil, exitcode.AsUsage(err)
	}
	if !n.Dry {
		if err := n.AskPassword(ctx); err != nil {
			return nil, err
		}
	}
	n.NoNetrc = !n.asksNetrc()
	if err := n.logTLSKeys(&cfg); err != nil {
		return nil, err
	}
	cfg.OnWarning = n.WarnOf
	conn, err := n.newConnector(cfg)
	if err != nil {
		return nil, err
	}
	s, err := n.SessionOver(conn, n.Route.retryMiddleware(), mw)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// asksNetrc reports whether the netrc file may give the credentials: whoever names a login
// means that one.
func (n *Network) asksNetrc() bool { return !n.NoNetrc && n.User == "" }

// WarnOf says what is wrong with the environment, such as a netrc file that others can
// read, and keeps no request from being sent.
func (n *Network) WarnOf(err error) {
	n.Credentials.app.Notice("warning: %s; nothing of it is used", render.Error(err))
}

// PipeConfig is the configuration of a connector that takes from the environment what
// shows in the bytes of a request, and connects to nothing.
func (n *Network) PipeConfig() connector.Config {
	return connector.Config{TrustEnv: n.Proxy != NoProxy && n.Unix == "", NoNetrc: !n.asksNetrc(), OnWarning: n.WarnOf}
}

// SessionOver makes a session over a connector, which the session closes.
func (n *Network) SessionOver(conn *connector.Connector, mw ...[]middleware.Middleware) (*session.Session, error) {
	cookies, err := n.loadJar()
	if err != nil {
		return nil, err
	}
	options, err := n.Credentials.sessionOptions(n.forgetsHeader)
	if err != nil {
		return nil, err
	}
	for _, h := range n.RemainingHeaders() {
		n.ownHeaders = append(n.ownHeaders, http.CanonicalHeaderKey(h.Name))
	}
	return session.New(session.Config{
		Jar:          cookies,
		Connector:    conn,
		OwnConnector: true,
		Middleware:   slices.Concat(n.StoredSession.headerMiddleware(), n.authMiddleware(), slices.Concat(mw...)),
		Options:      options,
		// What was typed for one origin is not for another one.
		SensitiveHeaders: n.SensitiveHeaders(),
		Timeout: session.ClientTimeout{
			Total:    time.Duration(n.Total),
			Connect:  time.Duration(n.Connect),
			SockRead: time.Duration(n.Read),
		},
	})
}

// ItemOptions are the query parameters and headers of a request.
func (n *Network) ItemOptions(req *syntax.Request) []session.Option {
	n.NoteHeaders(req.Headers)
	options := make([]session.Option, 0, len(req.Query)+len(req.Headers))
	for _, q := range req.Query {
		options = append(options, session.Query(q.Name, q.Value))
	}
	for _, h := range req.Headers {
		switch {
		case !h.Unset:
			options = append(options, session.AddHeader(h.Name, h.Value))
		case n.forgetsHeader(h.Name):
		default:
			options = append(options, session.SkipHeader(h.Name))
		}
	}
	return options
}

// ExpandURL completes a URL of the command line; what is none is an error of usage.
func ExpandURL(word string) (string, error) {
	u, err := syntax.ExpandURL(word)
	if err != nil {
		return "", exitcode.AsUsage(err)
	}
	return u, nil
}

package flags

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// NoProxy is the value of --proxy that means none, whatever the environment has.
const NoProxy = "none"

// Route are the flags that say how the server is reached.
type Route struct {
	Proxy    string
	Unix     string
	Pin      pinValue
	Insecure bool
	HTTP1    bool
	HTTP2    bool
	KeyLog   bool
	TLSFiles
	// ConnectTo and Resolve say where connections really go: see curlconv.Hosts.
	ConnectTo, Resolve []string
	// NoNetrc takes no credentials from the netrc file.
	NoNetrc bool
	Retry   int
	Limit   int
	PerHost int
	// NoRetry says that the command sends nothing again, and has no --retry.
	NoRetry bool
	// EveryMethod sends again a POST too, as curl does.
	EveryMethod bool
	// Notice tells of a request that is sent again; nil tells nobody.
	Notice func(format string, args ...any)
}

// AddFlags adds the flags to a command. One that the command has under the same
// name stays its own.
func (r *Route) AddFlags(cmd *cobra.Command) {
	r.AddRouteFlags(cmd)
	f := cmd.Flags()
	f.Var(&r.Pin, "pin", `accept only the certificate with this SHA-256, verified or not: see "aiolos pin"`)
	f.BoolVarP(&r.Insecure, "insecure", "k", false, "accept every certificate")
	f.StringVar(&r.CACert, "cacert", "", "file with the authorities to trust, in PEM, in the place of the system's")
	f.StringVar(&r.Cert, "cert", "", "file with a certificate for this client, in PEM, and perhaps its key")
	f.StringVar(&r.Key, "key", "", "file with the key of --cert")
	f.BoolVar(&r.NoNetrc, "no-netrc", r.NoNetrc, "take no credentials from the netrc file")
	f.BoolVar(&r.HTTP1, "http1.1", false, "do not offer HTTP/2")
	f.BoolVar(&r.HTTP2, "http2", false, "only HTTP/2; without TLS too, where the server has to know it")
	f.BoolVar(&r.KeyLog, "keylog", false, "write the keys of TLS to the file that SSLKEYLOGFILE names, for a network analyser")
	if !r.NoRetry {
		f.IntVar(&r.Retry, "retry", r.Retry, "how often to send again what failed; not for methods such as POST")
	}
	if f.Lookup("limit") == nil {
		f.IntVar(&r.Limit, "limit", 0, "connections at a time; 0: 100")
	}
	if f.Lookup("per-host") == nil {
		f.IntVar(&r.PerHost, "per-host", 0, "of these, to one host; 0: no limit")
	}
}

// AddRouteFlags adds the flags that say which way connections go.
func (r *Route) AddRouteFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.Proxy, "proxy", "", "proxy: http, https, socks5 or socks5h; none: not that of the environment either")
	f.StringArrayVar(&r.ConnectTo, "connect-to", nil, "HOST1:PORT1:HOST2:PORT2: connect to the second in place of the first; empty is each, or the same")
	f.StringArrayVar(&r.Resolve, "resolve", nil, "HOST:PORT:ADDRESS: the address of a host, or of * for each")
	f.StringVar(&r.Unix, "unix", "", "connect to this Unix socket, whatever host the URL names")
}

// newConnector makes a connector with the settings of the flags on top of cfg.
func (r *Route) newConnector(cfg connector.Config) (*connector.Connector, error) {
	if err := r.CheckConflicts(); err != nil {
		return nil, exitcode.AsUsage(err)
	}
	if r.Limit > 0 {
		cfg.Limit = r.Limit
	}
	if r.PerHost > 0 {
		cfg.LimitPerHost = r.PerHost
	}
	cfg.Insecure, cfg.Pin = r.Insecure, r.Pin.Pin
	cfg.Protocols = r.httpProtocols()
	hosts, err := curlconv.Hosts(r.ConnectTo, r.Resolve)
	if err != nil {
		return nil, exitcode.AsUsage(err)
	}
	cfg.Hosts = hosts
	if err := r.TLSFiles.apply(&cfg); err != nil {
		return nil, err
	}
	if r.Unix != "" {
		return connector.NewUnix(r.Unix, cfg)
	}
	cfg.TrustEnv, cfg.NoNetrc = true, r.NoNetrc
	switch r.Proxy {
	case "":
	case NoProxy:
		cfg.TrustEnv = false
	default:
		cfg.Proxy = syntax.AddScheme(r.Proxy)
	}
	return connector.New(cfg)
}

// CheckConflicts refuses flags that contradict each other.
func (r *Route) CheckConflicts() error {
	for _, c := range []struct {
		both bool
		text string
	}{
		{r.HTTP1 && r.HTTP2, "--http1.1 and --http2 exclude each other"},
		{r.Insecure && !r.Pin.IsZero(), "--insecure and --pin exclude each other"},
		{r.Unix != "" && r.Proxy != "" && r.Proxy != NoProxy, "--unix and --proxy exclude each other"},
		{r.Unix != "" && len(r.ConnectTo)+len(r.Resolve) > 0, "--unix leaves nothing for --connect-to and --resolve"},
		{r.Retry < 0 || r.Limit < 0 || r.PerHost < 0, "--retry, --limit and --per-host must not be negative"},
	} {
		if c.both {
			return errors.New(c.text)
		}
	}
	return nil
}

// httpProtocols are the versions of HTTP; nil is the library's choice.
func (r *Route) httpProtocols() *http.Protocols {
	p := new(http.Protocols)
	switch {
	case r.HTTP1:
		p.SetHTTP1(true)
	case r.HTTP2:
		p.SetHTTP2(true)
		p.SetUnencryptedHTTP2(true)
	default:
		return nil
	}
	return p
}

// retryMiddleware sends again what failed, if it is asked to.
func (r *Route) retryMiddleware() []middleware.Middleware {
	if r.Retry == 0 {
		return nil
	}
	return []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{
		Attempts: r.Retry + 1,
		// The user has said how often, for each request.
		Budget:    &middleware.RetryBudget{Ratio: -1},
		OnAttempt: r.noticeRetry,

		NonIdempotent: r.EveryMethod,
	})}
}

// noticeRetry tells of a request that is sent again.
func (r *Route) noticeRetry(a middleware.Attempt) {
	if !a.Retry || r.Notice == nil {
		return
	}
	what := ""
	if a.Err != nil {
		what = render.Error(a.Err)
	} else {
		what = "status " + strconv.Itoa(a.Response.StatusCode)
	}
	r.Notice("%s: %s; again in %s (%d of %d)", render.Line(aioerrors.RedactURL(a.Request.URL)), what,
		render.Duration(a.Wait.Round(time.Millisecond)), a.Number, r.Retry)
}

package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// noProxy is the value of --proxy that means none, whatever the environment has.
const noProxy = "none"

// route are the flags that say how the server is reached.
type route struct {
	proxy    string
	unix     string
	pin      pinFlag
	insecure bool
	http1    bool
	http2    bool
	keylog   bool
	retry    int
	limit    int
	perHost  int
	// everyMethod sends again a POST too, as curl does.
	everyMethod bool
	// notice tells of a request that is sent again; nil tells nobody.
	notice func(format string, args ...any)
}

// flags adds the flags to a command. One that the command has under the same
// name stays its own.
func (r *route) flags(cmd *cobra.Command) {
	r.wayFlags(cmd)
	f := cmd.Flags()
	f.Var(&r.pin, "pin", `accept only the certificate with this SHA-256, verified or not: see "aiolos pin"`)
	f.BoolVar(&r.insecure, "insecure", false, "accept every certificate")
	f.BoolVar(&r.http1, "http1.1", false, "do not offer HTTP/2")
	f.BoolVar(&r.http2, "http2", false, "only HTTP/2; without TLS too, where the server has to know it")
	f.BoolVar(&r.keylog, "keylog", false, "write the keys of TLS to the file that SSLKEYLOGFILE names, for a network analyser")
	f.IntVar(&r.retry, "retry", r.retry, "how often to send again what failed; not for methods such as POST")
	if f.Lookup("limit") == nil {
		f.IntVar(&r.limit, "limit", 0, "connections at a time; 0: 100")
	}
	if f.Lookup("per-host") == nil {
		f.IntVar(&r.perHost, "per-host", 0, "of these, to one host; 0: no limit")
	}
}

// wayFlags adds the flags that say which way connections go.
func (r *route) wayFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.proxy, "proxy", "", "proxy: http, https, socks5 or socks5h; none: not that of the environment either")
	f.StringVar(&r.unix, "unix", "", "connect to this Unix socket, whatever host the URL names")
}

// connector makes a connector with the settings of the flags on top of cfg.
func (r *route) connector(cfg connector.Config) (*connector.Connector, error) {
	if err := r.check(); err != nil {
		return nil, usage(err)
	}
	if r.limit > 0 {
		cfg.Limit = r.limit
	}
	if r.perHost > 0 {
		cfg.LimitPerHost = r.perHost
	}
	cfg.Insecure, cfg.Pin = r.insecure, r.pin.Pin
	cfg.Protocols = r.protocols()
	if r.unix != "" {
		return connector.NewUnix(r.unix, cfg)
	}
	cfg.TrustEnv = true
	switch r.proxy {
	case "":
	case noProxy:
		cfg.TrustEnv = false
	default:
		cfg.Proxy = r.proxy
		if !strings.Contains(r.proxy, "://") {
			cfg.Proxy = "http://" + r.proxy
		}
	}
	return connector.New(cfg)
}

// check refuses flags that contradict each other.
func (r *route) check() error {
	for _, c := range []struct {
		both bool
		text string
	}{
		{r.http1 && r.http2, "--http1.1 and --http2 exclude each other"},
		{r.insecure && !r.pin.IsZero(), "--insecure and --pin exclude each other"},
		{r.unix != "" && r.proxy != "" && r.proxy != noProxy, "--unix and --proxy exclude each other"},
		{r.retry < 0 || r.limit < 0 || r.perHost < 0, "--retry, --limit and --per-host are not negative"},
	} {
		if c.both {
			return errors.New(c.text)
		}
	}
	return nil
}

// protocols are the versions of HTTP; nil is the library's choice.
func (r *route) protocols() *http.Protocols {
	p := new(http.Protocols)
	switch {
	case r.http1:
		p.SetHTTP1(true)
	case r.http2:
		p.SetHTTP2(true)
		p.SetUnencryptedHTTP2(true)
	default:
		return nil
	}
	return p
}

// middleware sends again what failed, if it is asked to.
func (r *route) middleware() []middleware.Middleware {
	if r.retry == 0 {
		return nil
	}
	return []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{
		Attempts: r.retry + 1,
		// The user has said how often, for each request.
		Budget:    &middleware.RetryBudget{Ratio: -1},
		OnAttempt: r.attempted,

		NonIdempotent: r.everyMethod,
	})}
}

// attempted tells of a request that is sent again.
func (r *route) attempted(a middleware.Attempt) {
	if !a.Retry || r.notice == nil {
		return
	}
	what := ""
	if a.Err != nil {
		what = a.Err.Error()
	} else {
		what = "status " + strconv.Itoa(a.Response.StatusCode)
	}
	r.notice("%s: %s; again in %s (%d of %d)", render.Line(aioloserrors.RedactURL(a.Request.URL)), render.Line(what),
		render.Duration(a.Wait.Round(time.Millisecond)), a.Number, r.retry)
}

// pinFlag is the value of --pin.
type pinFlag struct{ connector.Pin }

// Set implements pflag.Value.
func (p *pinFlag) Set(s string) error {
	if certs.IsKeyPin(s) {
		return errors.New(`sha256// is curl's pin, of the public key alone; "aiolos pin HOST" shows that of the certificate`)
	}
	pin, err := connector.ParsePin(s)
	if err != nil {
		return fmt.Errorf("not the SHA-256 of a certificate: %w", err)
	}
	p.Pin = pin
	return nil
}

// String implements pflag.Value.
func (p *pinFlag) String() string { return p.Pin.String() }

// Type implements pflag.Value.
func (p *pinFlag) Type() string { return "sha256" }

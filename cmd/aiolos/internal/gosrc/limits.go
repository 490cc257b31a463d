package gosrc

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// addLimits adds the options for redirects, timeouts, TLS and the way to the
// server.
func (p *program) addLimits() {
	r := p.r
	switch {
	case !r.Follow:
		p.addOption("NoRedirects")
	case r.MaxRedirects > 0:
		p.addOption("Redirects", strconv.Itoa(r.MaxRedirects))
	case r.MaxRedirects < 0:
		p.addOption("Redirects", strconv.Itoa(Unlimited))
	case r.Method == http.MethodHead:
		p.addOption("Redirects", "10")
	}
	p.addTimeouts()
	if r.Insecure {
		p.addOption("Insecure")
	}
	if r.Pin != "" {
		p.addImport(module + "connector")
		p.setup = append(p.setup, "\tpin, err := connector.ParsePin("+stringLiteral(r.Pin)+")", check)
		p.addOption("Pin", "pin")
	}
	if r.Proxy != "" {
		p.addOption("Proxy", stringLiteral(syntax.AddScheme(r.Proxy)))
	}
	if r.Version != "" && !r.OnlyHTTP2 {
		major, minor, _ := strings.Cut(r.Version+".0", ".")
		p.addOption("Version", major, strings.TrimSuffix(minor, ".0"))
	}
	if r.Fail && (!r.FailBody || r.Output == "") {
		p.addOption("CheckStatus")
	}
	if r.Retry > 0 {
		p.addImport(module + "middleware")
		p.addOption("AddMiddleware", "middleware.Retry(middleware.RetryPolicy{Attempts: "+strconv.Itoa(r.Retry+1)+"})")
	}
}

// addTimeouts adds the options for the time that a request may take.
func (p *program) addTimeouts() {
	r := p.r
	var fields []string
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"Total", r.Timeout}, {"Connect", r.Connect}, {"SockRead", r.Silence}} {
		switch {
		case f.d > 0:
			fields = append(fields, f.name+": "+p.durationSource(f.d))
		case f.d < 0:
			fields = append(fields, f.name+": -1")
		}
	}
	switch {
	case len(fields) == 1 && r.Timeout > 0:
		p.addOption("Timeout", p.durationSource(r.Timeout))
	case len(fields) > 0:
		// gofmt has room around the operators of a field.
		text := strings.ReplaceAll(strings.Join(fields, ", "), "*", " * ")
		p.addOption("Timeouts", "session.ClientTimeout{"+text+"}")
	}
}

// connectorSource returns the statements that make a connector, and the fields of the
// session's configuration.
func (p *program) connectorSource() (statements []string, config string, err error) {
	r := p.r
	var fields []string
	if r.Limit > 0 {
		fields = append(fields, "Limit: "+strconv.Itoa(r.Limit))
	}
	if r.PerHost > 0 {
		fields = append(fields, "LimitPerHost: "+strconv.Itoa(r.PerHost))
	}
	way, err := p.addWay()
	if err != nil {
		return nil, "", err
	}
	fields = append(fields, way...)
	if r.TrustEnv && r.NoNetrc {
		fields = append(fields, "NoNetrc: true")
	}
	files, name := p.tlsSource()
	if statements = append(statements, files...); name != "" {
		fields = append(fields, "TLS: "+name)
	}
	if r.OnlyHTTP2 {
		p.addImport("net/http")
		statements = append(statements,
			"\tprotocols := new(http.Protocols)", "\tprotocols.SetHTTP2(true)", "\tprotocols.SetUnencryptedHTTP2(true)")
		fields = append(fields, "Protocols: protocols")
	}
	var session []string
	if len(fields) > 0 || r.Unix != "" {
		p.addImport(module + "connector")
		call := "connector.New("
		if r.Unix != "" {
			call = "connector.NewUnix(" + stringLiteral(r.Unix) + ", "
		}
		statements = append(statements, "\tconn, err := "+call+"connector.Config{"+strings.Join(fields, ", ")+"})", check+"\n")
		session = append(session, "Connector: conn", "OwnConnector: true")
	}
	if len(r.Sensitive) > 0 && r.Follow {
		names := make([]string, len(r.Sensitive))
		for i, name := range r.Sensitive {
			names[i] = stringLiteral(name)
		}
		session = append(session, "SensitiveHeaders: []string{"+strings.Join(names, ", ")+"}")
	}
	if r.TrustEnv {
		session = append(session, "TrustEnv: true")
	}
	return statements, "session.Config{" + strings.Join(session, ", ") + "}", nil
}

// Unlimited is how many redirects are followed where there is no limit.
const Unlimited = 1 << 30

// durationSource writes a duration in the largest unit that fits.
func (p *program) durationSource(d time.Duration) string {
	p.addImport("time")
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "*time.Second"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "*time.Millisecond"
}

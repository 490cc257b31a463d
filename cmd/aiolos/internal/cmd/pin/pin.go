// Package pin is "aiolos pin": the certificates of a server and their pins.
package pin

import (
	"crypto/tls"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// command is "aiolos pin".
type command struct {
	app        *app.App
	net        flags.Network
	json       bool
	serverName string
	// check are the pins of which one has to match.
	check []string
}

// New makes "aiolos pin".
func New(a *app.App) *cobra.Command {
	p := &command{app: a, net: flags.NewBareNetwork(a, 30*time.Second)}
	cmd := app.NewCommand("pin HOST[:PORT]", "Show the certificates of a server and their pins", help, examples, p.run)
	f := cmd.Flags()
	f.StringArrayVar(&p.check, "check", nil, "compare with this pin, of which several can be given; print nothing if one matches")
	f.BoolVar(&p.json, "json", false, "print a JSON object")
	f.StringVar(&p.serverName, "server-name", "", "ask for this name, not for the host's (SNI)")
	f.Var(&p.net.Total, "timeout", "limit for all of it; 0: none")
	p.net.AddRouteFlags(cmd)
	return cmd
}

// run looks at the server.
func (p *command) run(cmd *cobra.Command, args []string) error {
	if err := app.OneURL(args); err != nil {
		return err
	}
	target, err := certs.Target(args[0])
	if err != nil {
		return exitcode.AsUsage(err)
	}
	wanted, err := p.parsePins()
	if err != nil {
		return exitcode.AsUsage(err)
	}
	connect := func(cfg connector.Config) (*session.Session, error) { return p.net.OpenSession(cmd.Context(), cfg) }
	state, err := certs.Look(cmd.Context(), target.String(), p.serverName, connect)
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		return hint.With(err, "the server does not speak TLS on this port, so it has no certificate to show: name the port of https, or none for 443")
	}
	if err != nil {
		return err
	}
	name := p.serverName
	if name == "" {
		name = target.Hostname()
	}
	r := certs.NewReport(target, state, certs.Verify(state, name), time.Now())
	if len(wanted) > 0 {
		return p.comparePins(r, wanted, target)
	}
	return p.printReport(r)
}

// parsePins reads the pins of --check.
func (p *command) parsePins() ([]certs.Wanted, error) {
	wanted := make([]certs.Wanted, 0, len(p.check))
	for _, text := range p.check {
		w, err := certs.ParseWanted(text)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, w)
	}
	return wanted, nil
}

// comparePins is the outcome of --check.
func (p *command) comparePins(r *certs.Report, wanted []certs.Wanted, target *url.URL) error {
	for _, w := range wanted {
		if w.Matches(r.Leaf()) {
			if p.json {
				return p.printReport(r)
			}
			return nil
		}
	}
	port, err := strconv.Atoi(target.Port())
	if err != nil {
		return exitcode.AsUsage(errors.New("the port is not a number"))
	}
	if p.json {
		if err := p.printReport(r); err != nil {
			return err
		}
	}
	return &aioerrors.ServerFingerprintMismatch{
		Expected: wanted[0].Digest(), Got: wanted[0].Of(r.Leaf()), Host: target.Hostname(), Port: port,
	}
}

// printReport prints what was found.
func (p *command) printReport(r *certs.Report) error {
	if p.json {
		return render.WriteJSON(p.app.Out, r)
	}
	return r.Write(p.app.Out, p.app.OutPalette())
}

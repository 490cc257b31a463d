package cli

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// pin is "aiolos pin".
type pin struct {
	app  *app
	net  network
	json bool
	name string
	// check are the pins of which one has to match.
	check []string
}

// pinCommand makes "aiolos pin".
func pinCommand(a *app) *cobra.Command {
	p := &pin{app: a, net: newBareNetwork(a, 30*time.Second)}
	cmd := &cobra.Command{
		Use:     "pin HOST[:PORT]",
		Short:   "Show the certificates of a server and their pins",
		Long:    pinHelp,
		Example: pinExamples,
		RunE:    p.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&p.check, "check", nil, "compare with this pin, of which several can be given; print nothing if one matches")
	f.BoolVar(&p.json, "json", false, "print a JSON object")
	f.StringVar(&p.name, "server-name", "", "ask for this name, not for the host's (SNI)")
	f.Var(&p.net.total, "timeout", "limit for all of it; 0: none")
	p.net.wayFlags(cmd)
	return cmd
}

// run looks at the server.
func (p *pin) run(cmd *cobra.Command, args []string) error {
	if done, err := p.app.helped(cmd); done {
		return err
	}
	if err := oneURL(args); err != nil {
		return err
	}
	target, err := certs.Target(args[0])
	if err != nil {
		return usage(err)
	}
	wanted, err := p.wanted()
	if err != nil {
		return usage(err)
	}
	connect := func(cfg connector.Config) (*session.Session, error) { return p.net.session(cmd.Context(), cfg) }
	state, err := certs.Look(cmd.Context(), target.String(), p.name, connect)
	if err != nil {
		return err
	}
	name := p.name
	if name == "" {
		name = target.Hostname()
	}
	r := certs.NewReport(target, state, certs.Verify(state, name), time.Now())
	if len(wanted) > 0 {
		return p.compare(r, wanted, target)
	}
	return p.print(r)
}

// wanted reads the pins of --check.
func (p *pin) wanted() ([]certs.Wanted, error) {
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

// compare is the outcome of --check.
func (p *pin) compare(r *certs.Report, wanted []certs.Wanted, target *url.URL) error {
	for _, w := range wanted {
		if w.Matches(r.Leaf()) {
			if p.json {
				return p.print(r)
			}
			return nil
		}
	}
	port, err := strconv.Atoi(target.Port())
	if err != nil {
		return usage(errors.New("the port is no number"))
	}
	if p.json {
		if err := p.print(r); err != nil {
			return err
		}
	}
	return &aioloserrors.ServerFingerprintMismatch{
		Expected: wanted[0].Digest(), Got: wanted[0].Of(r.Leaf()), Host: target.Hostname(), Port: port,
	}
}

// print prints what was found.
func (p *pin) print(r *certs.Report) error {
	if p.json {
		data, err := render.JSON(r)
		if err != nil {
			return err
		}
		_, err = p.app.Out.Write(data)
		return err
	}
	return r.Write(p.app.Out, p.app.outPalette())
}

// Package send is the bare form of the program, "aiolos URL": one request.
package send

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// command is the bare form.
type command struct {
	exchange.Sender

	ignoreStdin bool
	// version is --version. Cobra has its own, which draws in text/template, and with
	// that every method of every type.
	version bool
}

// New makes the root command.
func New(a *app.App) *cobra.Command {
	s := &command{Sender: exchange.Sender{App: a, Net: flags.NewNetwork(a)}}
	cmd := app.NewCommand("aiolos [METHOD] URL [ITEM...]", "An HTTP client", help, examples, s.run)
	cmd.Args = cobra.ArbitraryArgs
	f := cmd.Flags()
	s.AddBodyFlags(f)
	s.AddShowFlags(f, "p")
	s.addPrintAlias(f, "body", "b", "print only the body (--print=b)")
	s.addPrintAlias(f, "meta", "m", "print only the times (--print=m)")
	s.AddLookFlags(cmd)
	s.AddStatusFlags(f)
	f.BoolVar(&s.CheckStatus, "check", true, "exit with 3, 4 or 5 for a status of 3xx, 4xx or 5xx")
	f.BoolVar(&s.ignoreStdin, "ignore-stdin", false, "take no body from standard input for POST, PUT and PATCH")
	s.Net.AddFlags(cmd)
	s.Print.AddFlags(cmd)
	s.HAR.AddFlags(cmd)
	f.BoolVar(&s.version, "version", false, "print the version")
	return cmd
}

// run sends the request and prints what came of it.
func (s *command) run(cmd *cobra.Command, args []string) error {
	if s.version {
		return app.PrintVersion(s.App.Out)
	}
	if len(args) == 0 && cmd.Flags().NFlag() == 0 {
		fmt.Fprint(s.App.Err, BriefHelp)
		s.App.Code = exitcode.Usage
		return nil
	}
	target, req, err := s.ReadArgs(cmd, args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	defer s.noticeUnsent(req)
	if err := s.takePipedBody(cmd.Context(), target.Written, req); err != nil {
		return err
	}
	options, body, err := s.RequestOptions(req)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if body != nil {
		defer body.Close()
	}
	j := exchange.Job{Method: target.Method, URL: target.URL, Options: options, Request: req}
	if s.PrintsOnly() {
		s.NoticeUseless(cmd.Flags())
		return s.PrintRequest(cmd.Context(), j)
	}
	return s.Send(cmd.Context(), j)
}

// addPrintAlias adds a flag that stands for letters of --print. The last one counts.
func (s *command) addPrintAlias(f *pflag.FlagSet, name, letter, usage string) {
	f.BoolFuncP(name, letter, usage, func(value string) error {
		if on, err := strconv.ParseBool(value); err != nil || !on {
			return err
		}
		return f.Set("print", letter)
	})
}

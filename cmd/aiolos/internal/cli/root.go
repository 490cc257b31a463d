package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/completion"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/curl"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/demo"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/get"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/har"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/help"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/man"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/pin"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/put"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/send"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/serve"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/session"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/time"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/version"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/ws"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/complete"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Run runs the program with the arguments that follow its name and returns the
// exit code. When ctx ends, requests under way are given up.
func Run(ctx context.Context, args []string, streams app.Streams) int {
	a := &app.App{Streams: streams, Args: args, Color: render.ColorAuto}
	root := newRoot(a) //nolint:contextcheck // cobra hands it to the commands
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if errors.Is(err, syntax.ErrNoURL) && cmd != root {
		err = hint.With(err, fmt.Sprintf("%s; %q shows examples", strings.TrimSuffix(cmd.UseLine(), " [flags]"), cmd.CommandPath()+" -h"))
	}
	if exitcode.Of(err) != exitcode.Usage {
		for _, end := range a.AtEnd {
			err = errors.Join(err, end())
		}
	}
	if err == nil {
		return a.Code
	}
	if a.Quiet < 2 {
		a.Report(err)
	}
	return exitcode.Of(err)
}

// newRoot makes the command tree.
func newRoot(a *app.App) *cobra.Command {
	root := send.New(a)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(explainUnknownFlag)
	flags := root.PersistentFlags()
	flags.Var(&a.Color, "color", "colours: auto, always or never")
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
	root.CompletionOptions.DisableDefaultCmd = true
	root.ValidArgsFunction = complete.Request
	flags.CountVarP(&a.Quiet, "quiet", "q", "no notices; twice: no errors either")
	flags.Bool("help", false, "all about the command")
	flags.BoolVarP(&a.Brief, "brief-help", "h", false, "the most important on one screen")
	conf := &settings{app: a}
	conf.addFlags(flags)
	root.PersistentPreRunE = conf.applyToFlags
	root.AddCommand(get.New(a), time.New(a), serve.New(a), demo.New(a), version.New(a))
	root.AddCommand(put.New(a))
	root.AddCommand(ws.New(a))
	root.AddCommand(pin.New(a))
	root.AddCommand(session.New(a))
	root.AddCommand(curl.New(a))
	root.AddCommand(har.New(a))
	root.AddCommand(bench.New(a))
	root.AddCommand(completion.New(a))
	root.AddCommand(man.New(a))
	root.AddCommand(help.Topics()...)
	root.SetHelpCommand(newHelpCommand())
	answerBriefHelp(a, root)
	root.SetHelpFunc(newHelpFunc(a, root.HelpFunc()))
	return root
}

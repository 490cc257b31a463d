package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// app is one call of the program.
type app struct {
	Streams

	color ColorFlag
	quiet int  // 1: no notices; 2: no errors either
	brief bool // -h
	args  []string
	code  int // exit code of a command that has said what there was to say
	// atEnd is called when a command that was not misused is over.
	atEnd []func() error
}

// ColorFlag is the value of --color.
type ColorFlag = render.ColorMode

// Run runs the program with the arguments that follow its name and returns the
// exit code. When ctx ends, requests under way are given up.
func Run(ctx context.Context, args []string, streams Streams) int {
	a := &app{Streams: streams, args: args, color: render.ColorAuto}
	root := newRoot(a) //nolint:contextcheck // cobra hands it to the commands
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := root.ExecuteContext(ctx)
	if exitcode.Of(err) != exitcode.Usage {
		for _, end := range a.atEnd {
			err = errors.Join(err, end())
		}
	}
	if err == nil {
		return a.code
	}
	if a.quiet < 2 {
		a.report(err)
	}
	return exitcode.Of(err)
}

// root makes the command tree.
func newRoot(a *app) *cobra.Command {
	root := sendCommand(a)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(unknownFlag)
	flags := root.PersistentFlags()
	flags.Var(&a.color, "color", "colours: auto, always or never")
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
	root.CompletionOptions.DisableDefaultCmd = true
	root.ValidArgsFunction = completeRequest
	flags.CountVarP(&a.quiet, "quiet", "q", "no notices; twice: no errors either")
	flags.Bool("help", false, "all about the command")
	flags.BoolVarP(&a.brief, "brief-help", "h", false, "the most important on one screen")
	conf := &settings{app: a}
	conf.flags(flags)
	root.PersistentPreRunE = conf.configure
	root.AddCommand(getCommand(a), timeCommand(a), serveCommand(a), demoCommand(a), versionCommand(a))
	root.AddCommand(putCommand(a))
	root.AddCommand(wsCommand(a))
	root.AddCommand(pinCommand(a))
	root.AddCommand(sessionCommand(a))
	root.AddCommand(curlCommand(a))
	root.AddCommand(harCommand(a))
	root.AddCommand(benchCommand(a))
	root.AddCommand(completionCommand(a))
	root.AddCommand(manCommand(a))
	root.AddCommand(topics()...)
	root.SetHelpFunc(helpFunc(a, root.HelpFunc()))
	return root
}

// helped answers -h, which cobra knows nothing of, and reports whether it did.
func (a *app) helped(cmd *cobra.Command) (bool, error) {
	if !a.brief {
		return false, nil
	}
	return true, cmd.Help()
}

// versionCommand makes "aiolos version".
func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if done, err := a.helped(cmd); done {
				return err
			}
			return printVersion(cmd.OutOrStdout())
		},
	}
}

// printVersion prints what "aiolos version" and --version say.
func printVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "aiolos %s %s\n", session.Release, runtime.Version())
	return err
}

// usage marks an error of the command line.
func usage(err error) error { return &exitcode.UsageError{Err: err} }

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// oneURL wants exactly one argument.
func oneURL(args []string) error {
	switch len(args) {
	case 0:
		return usage(errors.New("missing URL"))
	case 1:
		return nil
	}
	return usage(fmt.Errorf("one URL, please: %q is too much", args[1]))
}

// notice tells something on standard error, unless -q was given.
func (a *app) notice(format string, args ...any) {
	if a.quiet == 0 {
		fmt.Fprintf(a.Err, "aiolos: "+format+"\n", args...)
	}
}

// moving reports whether something may be redrawn on standard error.
func (a *app) moving() bool { return a.ErrTTY && a.quiet == 0 && a.Getenv("TERM") != "dumb" }

// outPalette returns the colours of standard output.
func (a *app) outPalette() render.Palette {
	return render.NewPalette(render.Colored(a.color, a.Getenv, a.OutTTY))
}

// errPalette returns the colours of standard error.
func (a *app) errPalette() render.Palette {
	return render.NewPalette(render.Colored(a.color, a.Getenv, a.ErrTTY))
}

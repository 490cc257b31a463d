package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hbollon/go-edlib"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/send"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
)

// briefLines is how many lines -h has at most.
const briefLines = 45

// answerBriefHelp makes all commands answer -h, which cobra knows nothing of, in place
// of their work.
func answerBriefHelp(a *app.App, cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if a.Brief {
				return cmd.Help()
			}
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		answerBriefHelp(a, sub)
	}
}

// newHelpFunc answers --help with everything, in a pager on a terminal, and -h with what
// fits on a screen.
func newHelpFunc(a *app.App, usual func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		var text bytes.Buffer
		switch {
		case a.Brief && cmd == cmd.Root():
			text.WriteString(send.BriefHelp)
		case a.Brief:
			text.WriteString(briefHelp(cmd))
		default:
			cmd.SetOut(&text)
			usual(cmd, args)
			if a.OutTTY && a.Page != nil && a.Page(text.String()) == nil {
				return
			}
		}
		if _, err := a.Out.Write(text.Bytes()); err != nil { // which cobra has no way to return
			a.AtEnd = append(a.AtEnd, func() error { return err })
		}
	}
}

// briefHelp is what -h says about a command: its own flags, and all of its text where
// that fits.
func briefHelp(cmd *cobra.Command) string {
	own := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	own.SortFlags = false
	own.Usage = func() {}
	shared := false
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[flags.Shared] != nil {
			shared = true
			return
		}
		own.AddFlag(f)
	})
	var end strings.Builder
	fmt.Fprintf(&end, "\nUsage:\n  %s\n", cmd.UseLine())
	if cmd.HasExample() {
		fmt.Fprintf(&end, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		end.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			fmt.Fprintf(&end, "  %-10s %s\n", sub.Name(), sub.Short)
		}
	}
	if own.HasAvailableFlags() {
		fmt.Fprintf(&end, "\nFlags:\n%s", own.FlagUsages())
	}
	more := "the full text"
	if shared {
		more = "all flags: timeouts, proxies, certificates, sessions"
	}
	fmt.Fprintf(&end, "\n%q shows %s.\n", cmd.CommandPath()+" --help", more)
	text := cmd.Short + ".\n" + end.String()
	if full := cmd.Long + "\n" + end.String(); cmd.Long != "" && strings.Count(full, "\n") <= briefLines {
		return full
	}
	return text
}

// explainUnknownFlag completes the error of a flag that does not exist by one that does,
// or by what does here what it does in another program.
func explainUnknownFlag(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		cause := invalid.Unwrap()
		err = fmt.Errorf("%s%w", strings.TrimSuffix(err.Error(), cause.Error()), choice.Explain(cause))
	}
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return exitcode.AsUsage(fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help"))
	}
	name := missing.GetSpecifiedName()
	if letters := missing.GetSpecifiedShortnames(); letters != "" {
		name = "-" + name
	}
	see := hint.ForeignFlag(cmd.Name(), name)
	if cmd.Name() == "curl" && cmd.Flags().Arg(0) == "curl" {
		see = "put the whole curl command between quotes, or pipe it in: aiolos curl -"
	}
	if see == "" {
		see = nearestFlag(cmd, name)
	}
	return exitcode.AsUsage(fmt.Errorf("%w; %s", err, see))
}

// nearestFlag names a flag that is written much like name.
func nearestFlag(cmd *cobra.Command, name string) string {
	see := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	best := 1 + len(name)/4
	if name[0] == '-' {
		return see // a letter is like every other
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := edlib.OSADamerauLevenshteinDistance(name, f.Name); d <= best && !f.Hidden {
			best = d - 1
			see = fmt.Sprintf("did you mean --%s?", f.Name)
		}
	})
	return see
}

// newHelpCommand makes "aiolos help", which cobra's own ends with success for what there
// is no help about.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Help about a command, or one of the topics",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: completeHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			about, rest, err := root.Find(args)
			if len(args) > 0 && (err != nil || about == root || len(rest) > 0) {
				return exitcode.AsUsage(fmt.Errorf("there is no help about %q; \"aiolos help\" lists the commands and topics", strings.Join(args, " ")))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// completeHelp completes the name of a command or topic.
func completeHelp(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	about, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, sub := range about.Commands() {
		if (sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand()) && strings.HasPrefix(sub.Name(), begun) {
			names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

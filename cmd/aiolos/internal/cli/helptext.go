package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// screen is how many lines -h has at most.
const screen = 45

// common marks the flags that all commands with requests have.
const common = "aiolos-common"

// mark marks flags that a command has got since before.
func mark(f *pflag.FlagSet, before map[string]bool) {
	f.VisitAll(func(flag *pflag.Flag) {
		if !before[flag.Name] {
			flag.Annotations = map[string][]string{common: {"true"}}
		}
	})
}

// names are the names of all flags.
func names(f *pflag.FlagSet) map[string]bool {
	all := map[string]bool{}
	f.VisitAll(func(flag *pflag.Flag) { all[flag.Name] = true })
	return all
}

// help answers --help with everything, in a pager on a terminal, and -h with what
// fits on a screen.
func helpFunc(a *app, usual func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		switch {
		case a.brief && cmd == cmd.Root():
			fmt.Fprint(a.Out, briefHelp)
		case a.brief:
			fmt.Fprint(a.Out, brief(cmd))
		case a.OutTTY && a.Page != nil:
			var text bytes.Buffer
			cmd.SetOut(&text)
			usual(cmd, args)
			if err := a.Page(text.String()); err != nil {
				fmt.Fprint(a.Out, text.String())
			}
		default:
			usual(cmd, args)
		}
	}
}

// brief is what -h says about a command: its own flags, and all of its text where
// that fits.
func brief(cmd *cobra.Command) string {
	own := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	own.SortFlags = false
	own.Usage = func() {}
	shared := false
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[common] != nil {
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
	if full := cmd.Long + "\n" + end.String(); cmd.Long != "" && strings.Count(full, "\n") <= screen {
		return full
	}
	return text
}

// unknownFlag completes the error of a flag that does not exist by one that does.
func unknownFlag(cmd *cobra.Command, err error) error {
	see := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	_, word, ok := strings.Cut(err.Error(), "unknown flag: --")
	if ok {
		near, best := "", 1+len(word)/4
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if d := distance(word, f.Name); d <= best && !f.Hidden {
				near, best = f.Name, d-1
			}
		})
		if near != "" {
			see = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return usage(fmt.Errorf("%w; %s", err, see))
}

// page shows a text in the pager of the user, or in less if there is one.
func page(text string) error {
	words := strings.Fields(os.Getenv("PAGER"))
	if len(words) == 0 {
		words = []string{"less", "-FRX"}
	}
	cmd := exec.Command(words[0], words[1:]...) //nolint:gosec,noctx // the user's own program, which ends by the user's key
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), os.Stdout, os.Stderr
	return cmd.Run()
}

// Package manual writes the documentation of a command tree: a Markdown file and
// a man page. Both have all that --help has, and nothing that depends on the
// machine, so that they are the same wherever they are made.
package manual

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// block is a paragraph, or lines that stay as they are.
type block struct {
	text     string
	verbatim bool
}

// splitBlocks divides a help text: what is indented stays as it is.
func splitBlocks(text string) []block {
	var all []block
	for part := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		b := block{text: part}
		for line := range strings.SplitSeq(part, "\n") {
			b.verbatim = b.verbatim || strings.HasPrefix(line, "  ")
		}
		if n := len(all); n > 0 && b.verbatim && all[n-1].verbatim {
			all[n-1].text += "\n\n" + b.text
			continue
		}
		all = append(all, b)
	}
	return all
}

// listCommands lists the commands below one, depth first, without those of cobra and the
// hidden ones.
func listCommands(cmd *cobra.Command) (commands, topics []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		switch {
		case sub.Hidden, sub.Name() == "help":
		case sub.IsAdditionalHelpTopicCommand():
			topics = append(topics, sub)
		default:
			commands = append(commands, sub)
			below, more := listCommands(sub)
			commands, topics = append(commands, below...), append(topics, more...)
		}
	}
	return commands, topics
}

// usageLine is the line that says how a command is called.
func usageLine(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Use
	}
	return cmd.Parent().CommandPath() + " " + cmd.Use
}

// ownFlags are the flags that only the command has, and those that it shares with
// none above it.
func ownFlags(cmd *cobra.Command) *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SortFlags = false
	inherited := cmd.InheritedFlags()
	root := cmd.Root().PersistentFlags()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "version" && f.Name != "help" && inherited.Lookup(f.Name) == nil && root.Lookup(f.Name) != f {
			set.AddFlag(f)
		}
	})
	return set
}

// commonFlags are the flags of every command.
func commonFlags(root *cobra.Command) *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SortFlags = false
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			set.AddFlag(f)
		}
	})
	return set
}

// Package manual writes the documentation of a command tree as a man page, which has all
// that --help has and nothing that depends on the machine. What it is made of serves
// docs/cli.md too.
package manual

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Block is a paragraph, or lines that stay as they are.
type Block struct {
	Text     string
	Verbatim bool
}

// SplitBlocks divides a help text: what is indented stays as it is.
func SplitBlocks(text string) []Block {
	var all []Block
	for part := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		b := Block{Text: part}
		for line := range strings.SplitSeq(part, "\n") {
			b.Verbatim = b.Verbatim || strings.HasPrefix(line, "  ")
		}
		if n := len(all); n > 0 && b.Verbatim && all[n-1].Verbatim {
			all[n-1].Text += "\n\n" + b.Text
			continue
		}
		all = append(all, b)
	}
	return all
}

// ListCommands lists the commands below one, depth first, without those of cobra and the
// hidden ones.
func ListCommands(cmd *cobra.Command) (commands, topics []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		switch {
		case sub.Hidden, sub.Name() == "help":
		case sub.IsAdditionalHelpTopicCommand():
			topics = append(topics, sub)
		default:
			commands = append(commands, sub)
			below, more := ListCommands(sub)
			commands, topics = append(commands, below...), append(topics, more...)
		}
	}
	return commands, topics
}

// UsageLine is the line that says how a command is called.
func UsageLine(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Use
	}
	return cmd.Parent().CommandPath() + " " + cmd.Use
}

// OwnFlags are the flags that only the command has, and those that it shares with
// none above it.
func OwnFlags(cmd *cobra.Command) *pflag.FlagSet {
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

// CommonFlags are the flags of every command.
func CommonFlags(root *cobra.Command) *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SortFlags = false
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			set.AddFlag(f)
		}
	})
	return set
}

package app

import "github.com/spf13/cobra"

// NewCommand makes a command, whose flags are listed in the order in which they are
// added.
func NewCommand(use, short, long, examples string, run func(*cobra.Command, []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Example: examples, RunE: run}
	cmd.Flags().SortFlags = false
	return cmd
}

// Package har is "aiolos har": it shows, sends again and converts recorded exchanges.
package har

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// command is "aiolos har".
type command struct {
	exchange.Sender

	to   string
	page exchange.ReportFile
	file string // of the command line
}

// New makes "aiolos har".
func New(a *app.App) *cobra.Command {
	h := &command{Sender: exchange.Sender{App: a, Net: flags.NewBareNetwork(a, session.DefaultTotal)}}
	top := &cobra.Command{
		Use:     "har show|run|convert FILE [N...]",
		Short:   "Show, send again or convert recorded exchanges (HTTP Archive)",
		Long:    help,
		Example: examples,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exitcode.AsUsage(fmt.Errorf("har %q: use show, run or convert", args[0]))
			}
			return exitcode.AsUsage(errors.New("use har show, har run or har convert"))
		},
	}
	show := &cobra.Command{Use: "show FILE [N...]", Short: "List the exchanges, or show some of them", Example: "  aiolos har show log.har\n  aiolos har show log.har 3\n  aiolos har show --report log.html log.har"}
	show.RunE = h.newRun(h.showEntries)
	h.page.AddFlag(show.Flags(), "write their waterfall to this file instead: an HTML page (.html)")
	run := &cobra.Command{Use: "run FILE [N...]", Short: "Send the requests again, one after the other", Example: "  aiolos har run log.har\n  aiolos har run log.har 2 3"}
	run.RunE = h.newRun(h.runEntries)
	h.Net.AddFlags(run)
	convert := &cobra.Command{Use: "convert FILE [N...]", Short: "Print the requests as commands or programs", Example: "  aiolos har convert log.har\n  aiolos har convert --to go log.har 3"}
	convert.RunE = h.newRun(h.convertEntries)
	convert.Flags().StringVar(&h.to, "to", "curl", "curl, aiolos or go")
	convert.Aliases = []string{"curl"}
	for _, cmd := range []*cobra.Command{show, convert} {
		cmd.Flags().BoolVar(&h.ShowSecrets, "show-secrets", false, "print credentials and cookies as they are")
	}
	top.AddCommand(show, run, convert)
	return top
}

// entry is an exchange of a file and its number.
type entry struct {
	*har.Entry

	n int
}

// newRun makes the function of a command that works on exchanges.
func (h *command) newRun(work func(ctx context.Context, entries []entry, some bool) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exitcode.AsUsage(errors.New("missing HAR file"))
		}
		h.file = args[0]
		entries, err := h.readEntries(args[0], args[1:])
		if err != nil {
			return exitcode.AsUsage(err)
		}
		return work(cmd.Context(), entries, len(args) > 1)
	}
}

// readEntries reads a file and chooses the exchanges with the given numbers, or all.
func (h *command) readEntries(name string, numbers []string) ([]entry, error) {
	in := h.App.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	entries, err := har.Read(in)
	if err != nil {
		return nil, err
	}
	var some []entry
	for _, text := range numbers {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(entries) {
			return nil, fmt.Errorf("there is no entry %q: they are 1 to %d", text, len(entries))
		}
		some = append(some, entry{&entries[n-1], n})
	}
	if len(numbers) == 0 {
		for i := range entries {
			some = append(some, entry{&entries[i], i + 1})
		}
	}
	return some, nil
}

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
	top := app.NewCommand("har show|run|convert FILE [N...]", "Show, send again or convert recorded exchanges (HTTP Archive)", help, examples, func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return exitcode.AsUsage(fmt.Errorf("har %q: use show, run or convert", args[0]))
		}
		return exitcode.AsUsage(errors.New("use har show, har run or har convert"))
	})
	show := app.NewCommand("show FILE [N...]", "List the exchanges, or show some of them", "",
		"  aiolos har show log.har\n  aiolos har show log.har 3\n  aiolos har show --report log.html log.har", h.newRun(h.showEntries))
	h.page.AddFlag(show.Flags(), "write their waterfall to this file instead: an HTML page (.html)")
	run := app.NewCommand("run FILE [N...]", "Send the requests again, one after the other", "",
		"  aiolos har run log.har\n  aiolos har run log.har 2 3", h.newRun(h.runEntries))
	h.Net.AddFlags(run)
	convert := app.NewCommand("convert FILE [N...]", "Print the requests as commands or programs", "",
		"  aiolos har convert log.har\n  aiolos har convert --to go log.har 3", h.newRun(h.convertEntries))
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

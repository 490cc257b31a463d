// Package man is "aiolos man": the manual for man(1).
package man

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/manual"
)

const help = `Prints the manual, which is what --help says about all commands, as a page for
man(1). Its date is that of SOURCE_DATE_EPOCH, and else it has none.`

const examples = `  aiolos man | man -l -
  aiolos man > ~/.local/share/man/man1/aiolos.1`

// New makes "aiolos man".
func New(a *app.App) *cobra.Command {
	cmd := app.NewCommand("man", "Print the manual as a page for man(1)", help, examples, func(cmd *cobra.Command, _ []string) error {
		var date time.Time // reproducible-builds.org/specs/source-date-epoch
		if text := a.Getenv("SOURCE_DATE_EPOCH"); text != "" {
			seconds, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return exitcode.AsUsage(errors.New("SOURCE_DATE_EPOCH is not a number of seconds"))
			}
			date = time.Unix(seconds, 0)
		}
		_, err := io.WriteString(a.Out, manual.Man(cmd.Root(), session.LibraryVersion, date))
		return err
	})
	cmd.Args = app.NoArgs
	return cmd
}

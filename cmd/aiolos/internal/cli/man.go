package cli

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/manual"
)

// manCommand makes "aiolos man".
func manCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual as a page for man(1)",
		Long:    manHelp,
		Example: manExamples,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if done, err := a.helped(cmd); done {
				return err
			}
			var date time.Time // reproducible-builds.org/specs/source-date-epoch
			if text := a.Getenv("SOURCE_DATE_EPOCH"); text != "" {
				seconds, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					return usage(errors.New("SOURCE_DATE_EPOCH is not a number of seconds"))
				}
				date = time.Unix(seconds, 0)
			}
			_, err := io.WriteString(a.Out, manual.Man(cmd.Root(), session.Release, date))
			return err
		},
	}
}

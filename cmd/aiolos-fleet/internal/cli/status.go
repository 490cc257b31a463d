package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/status"
)

const statusHelp = `Shows what is in the queue, what was done, the failures by class, and the hosts that take
longest to answer. Rates are those of the last minute. The time of a host is that from
sending a request until the head of its response is there, in this hour and the one
before; up to 1,000 hosts an hour are kept.`

// newStatus makes "aiolos-fleet status".
func newStatus(a *app.App) *cobra.Command {
	var watch, asJSON bool
	every, hosts := 2*time.Second, 10
	cmd := &cobra.Command{
		Use: "status", Short: "Show how far the fleet is", Long: statusHelp, Args: noArgs,
		Example: "  aiolos-fleet status --watch\n  aiolos-fleet status --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond || hosts < 0 {
				return exitcode.AsUsage(errors.New("--interval must be at least 100ms, and --hosts not negative"))
			}
			client, err := openRedis(a, 4)
			if err != nil {
				return err
			}
			defer client.Close()
			show := &statusShow{app: a, client: client, asJSON: asJSON, hosts: hosts}
			if !watch {
				return show.once(cmd.Context(), "")
			}
			return show.watch(cmd.Context(), every)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&watch, "watch", "w", false, "show it again and again, until an interrupt")
	f.DurationVar(&every, "interval", every, "how often, with --watch")
	f.BoolVar(&asJSON, "json", false, "as JSON, an object a line")
	f.IntVar(&hosts, "hosts", hosts, "how many of the slowest hosts")
	return cmd
}

// statusShow shows a status, once or more often.
type statusShow struct {
	app    *app.App
	client redis.UniversalClient
	asJSON bool
	hosts  int
}

// once shows it behind a text.
func (s *statusShow) once(ctx context.Context, before string) error {
	now, err := status.Read(ctx, s.client, s.app.Queue, s.hosts)
	if err != nil {
		return &unread{err}
	}
	text := now.Text(time.Now())
	if s.asJSON {
		data, err := json.Marshal(now)
		if err != nil {
			return err
		}
		text = string(data) + "\n"
	}
	_, err = fmt.Fprint(s.app.Out, before+text)
	return err
}

// unread is a status that Redis has not given.
type unread struct{ error }

// Unwrap returns the reason.
func (e *unread) Unwrap() error { return e.error }

// clearScreen begins a terminal anew, and hides nothing of what was there before.
const clearScreen = "\x1b[H\x1b[2J"

// watch shows it until the context ends, which is the way to end it. On a terminal a new
// status takes the place of the old one. A Redis that does not answer for a while is told,
// and asked again; a status that cannot be written is the end.
func (s *statusShow) watch(ctx context.Context, every time.Duration) error {
	before, between := "", "\n"
	switch {
	case s.asJSON:
		between = ""
	case s.app.OutTTY && s.app.Getenv("TERM") != "dumb":
		before, between = clearScreen, clearScreen
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	shown := false
	for {
		err := s.once(ctx, before)
		_, again := errors.AsType[*unread](err)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (!shown || !again):
			return err // it is wrong from the beginning, or nobody can see it
		case err != nil:
			s.app.Notice("%s", app.Line(errors.RedactError(err)))
		default:
			shown = true
		}
		before = between
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

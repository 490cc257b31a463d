package cli

import (
	"context"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/work"
)

const workHelp = `Takes URLs from the queue, fetches them, and saves them below --dir: under the name that
push was given, or as hosts/HOST/1f/1f0c...-NAME, where 1f0c... is the hash of the URL.
Two URLs never share a file. An unfinished file is gone on with, if its URL comes back to
this directory.

--per-host and --rate are limits of the whole fleet: all workers of this Redis together
keep them, and must be given the same. While Redis does not answer, each keeps its share. A
place that waits for a limit counts for -j, so that -j should be well above what one host
may have. A host that asks one worker for a pause (Retry-After) gets it from all.

The signals TERM and INT end the worker in order: what is under way has --grace to end,
and then goes back to the queue. A worker that is killed is noticed: its URLs come back
after some 30 to 40 seconds.

A disk that is full ends the worker, with what is under way back in the queue. A task that
has failed --attempts times goes to the archive, which asynq keeps for 90 days, and which
holds 10,000 tasks: the oldest go first. --save-failed keeps a list of all,
with the URLs as they were pushed; what is new of it only its owner can read.`

const workExamples = `  aiolos-fleet work --dir files
  aiolos-fleet work --dir files -j 64 --per-host 4 --rate 10
  aiolos-fleet work --dir files --until-done`

// newWork makes "aiolos-fleet work".
func newWork(a *app.App) *cobra.Command {
	dir, failed := "", ""
	cfg := work.Config{
		Jobs: 32, Limits: work.Limits{PerHost: 8, Burst: 1}, Attempts: 10,
		MaxWait: 10 * time.Minute, MaxRetryAfter: time.Hour,
		Connect: 30 * time.Second, Read: time.Minute, Grace: 10 * time.Second,
	}
	cmd := &cobra.Command{
		Use: "work --dir DIR", Short: "Fetch what is in the queue, and save it", Long: workHelp, Example: workExamples, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkWork(dir, &cfg); err != nil {
				return exitcode.AsUsage(err)
			}
			return runWork(cmd.Context(), a, dir, failed, cfg)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&dir, "dir", "d", "", "directory for the files")
	f.IntVarP(&cfg.Jobs, "jobs", "j", cfg.Jobs, "URLs at a time")
	f.IntVar(&cfg.Limits.PerHost, "per-host", cfg.Limits.PerHost, "requests at a time to one host, of the whole fleet; 0: no limit")
	f.Float64Var(&cfg.Limits.Rate, "rate", 0, "requests a second to one host, of the whole fleet; 0: no limit")
	f.IntVar(&cfg.Limits.Burst, "burst", cfg.Limits.Burst, "of these, how many at once after a rest")
	f.IntVar(&cfg.Attempts, "attempts", cfg.Attempts, "how often a URL is tried")
	f.DurationVar(&cfg.MaxWait, "max-wait", cfg.MaxWait, "longest wait between two attempts")
	f.DurationVar(&cfg.MaxRetryAfter, "max-retry-after", cfg.MaxRetryAfter, "longest wait that a server may ask for")
	f.DurationVar(&cfg.Connect, "connect-timeout", cfg.Connect, "limit for getting a connection")
	f.DurationVar(&cfg.Read, "read-timeout", cfg.Read, "longest silence of a server")
	f.DurationVar(&cfg.Grace, "grace", cfg.Grace, "how long what is under way may go on after a signal")
	f.BoolVar(&cfg.UntilDone, "until-done", false, "end when nothing is left to do")
	f.StringVar(&failed, "save-failed", "", "add the URLs that this worker gives up to this file, a list for push")
	f.BoolVarP(&cfg.Insecure, "insecure", "k", false, "accept every certificate")
	return cmd
}

// maxJobs is the most for which a worker has memory and ports.
const maxJobs = 50_000

func checkWork(dir string, cfg *work.Config) error {
	switch {
	case dir == "":
		return errors.New("--dir is missing: the directory for the files")
	case cfg.Jobs < 1 || cfg.Jobs > maxJobs || cfg.Attempts < 1:
		return fmt.Errorf("--jobs must be from 1 to %d, and --attempts at least 1", maxJobs)
	case math.IsNaN(cfg.Limits.Rate) || math.IsInf(cfg.Limits.Rate, 0):
		return errors.New("--rate must be a number; 0 is no limit")
	case cfg.Limits.PerHost < 0 || cfg.Limits.Rate < 0 || cfg.Limits.Burst < 1:
		return errors.New("--per-host and --rate must not be negative, and --burst must be at least 1")
	case cfg.Grace <= 0 || cfg.MaxWait <= 0 || cfg.MaxRetryAfter <= 0 || cfg.Connect <= 0 || cfg.Read <= 0:
		return errors.New("the durations must be above 0")
	}
	return nil
}

func runWork(ctx context.Context, a *app.App, dir, failed string, cfg work.Config) error {
	client, err := openRedis(a, cfg.Jobs+10)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // the umask decides, as for mkdir
		return err
	}
	if cfg.Dir, err = os.OpenRoot(dir); err != nil {
		return err
	}
	defer cfg.Dir.Close()
	if failed != "" {
		f, err := os.OpenFile(failed, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) // its URLs may have passwords in them
		if err != nil {
			return err
		}
		defer f.Close()
		cfg.Failed = f
	}
	cfg.Redis, cfg.Queue, cfg.Notice = client, a.Queue, a.Notice
	start := time.Now()
	var counts atomic.Pointer[work.Counts]
	counts.Store(&work.Counts{})
	cfg.Progress = func(c work.Counts) { counts.Store(&c) }
	stop := showProgress(a, func() string { return workText(*counts.Load(), time.Since(start)) })
	end, err := work.Run(ctx, cfg)
	stop()
	if err == nil || end != (work.Counts{}) {
		a.Notice("%s", workText(end, time.Since(start)))
	}
	return err
}

func workText(c work.Counts, elapsed time.Duration) string {
	return fmt.Sprintf("%s fetched, %s, %s to be tried again, %s given up, %s put back, in %s", app.Count(c.Done), app.Bytes(float64(c.Bytes)),
		app.Count(c.Retried), app.Count(c.GaveUp), app.Count(c.PutBack), app.Duration(elapsed))
}

package demo

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// rateSlack is what the rate at a server may be above the limit, which Redis keeps by its
// own clock: on the way from there the distances between requests change.
const rateSlack = 1.1

// check is one expectation and how it came out.
type check struct {
	name, got, want string
	ok              bool
}

func atMost(name string, got, limit float64) check {
	return check{name, fmt.Sprintf("%.4g", got), fmt.Sprintf("at most %.4g", limit), got <= limit}
}

func equal(name string, got, want int) check {
	return check{name, strconv.Itoa(got), strconv.Itoa(want), got == want}
}

// checks compares what was seen with what has to be.
func (d *demo) checks() ([]check, error) {
	right, extra, err := d.countFiles()
	if err != nil {
		return nil, err
	}
	var all seen
	for _, h := range d.hosts {
		s := h.meter.outcome()
		all.requests += s.requests
		all.served += s.served
		all.repeated += s.repeated
		all.peak = max(all.peak, s.peak)
		all.fastest = max(all.fastest, s.fastest)
	}
	failed := 0
	for _, w := range d.workers[1:] {
		if w.err != nil {
			failed++
		}
	}
	return []check{
		equal("files with the right SHA-256", right, planned),
		equal("other files", extra, 0),
		equal("URLs that are gone, in the archive", d.last.Archived, gone),
		equal("URLs left to do", d.last.Left(), 0),
		equal("URLs that the servers have served", all.served, planned),
		atMost("served again, which the kill explains", float64(all.repeated), jobs),
		atMost("requests under way, at a server", float64(all.peak), perHost),
		atMost(fmt.Sprintf("requests a second, at a server, over %v", rateWindow), all.fastest, rate*rateSlack),
		equal("workers that failed, but for the killed one", failed, 0),
	}, nil
}

// countFiles looks at all files.
func (d *demo) countFiles() (right, extra int, err error) {
	want := map[string][sha256.Size]byte{}
	for n := range planned {
		t, err := task.New(fmt.Sprintf("http://%s/file/%d", d.hosts[n%2].addr, n), "")
		if err != nil {
			return 0, 0, err
		}
		dir, name := t.File()
		want[filepath.Join(d.dir, dir, name)] = sha256.Sum256(content(n))
	}
	err = filepath.WalkDir(d.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, ok := want[path]
		data, err := os.ReadFile(path) //nolint:gosec // the directory is the demo's own
		if ok && sha256.Sum256(data) == sum {
			right++
		} else {
			extra++
		}
		return err
	})
	return right, extra, err
}

// report writes what happened.
func (d *demo) report() error {
	checks, err := d.checks()
	if err != nil {
		return err
	}
	var b strings.Builder
	requests := 0
	for _, h := range d.hosts {
		requests += h.meter.outcome().requests
	}
	fmt.Fprintf(&b, "\n%s URLs, %s requests, %d workers of which one was killed, in %s\n", app.Count(planned+gone), app.Count(int64(requests)), workers, app.Duration(time.Since(d.start)))
	fmt.Fprintf(&b, "\n%-30s %9s %9s\n", "failures", "attempts", "gave up")
	for _, f := range d.last.Failures {
		fmt.Fprintf(&b, "  %-28s %9d %9d\n", f.Class, f.Attempts, f.GaveUp)
	}
	failed := 0
	fmt.Fprintf(&b, "\n%-50s %8s  %s\n", "checks", "got", "want")
	for _, c := range checks {
		verdict := "ok"
		if !c.ok {
			verdict = "WRONG"
			failed++
		}
		fmt.Fprintf(&b, "  %-48s %8s  %-16s %s\n", c.name, c.got, c.want, verdict)
	}
	if _, err := io.WriteString(d.cfg.Out, b.String()); err != nil {
		return err
	}
	if failed > 0 {
		return d.explain(fmt.Errorf("%d checks: %w", failed, ErrExpectation))
	}
	return nil
}

package exchange

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
)

// ReportFile is the flag --report: a page about the requests of a command. The zero
// value writes none.
type ReportFile struct {
	Name     string
	recorder *har.Recorder
}

// AddFlag adds the flag.
func (r *ReportFile) AddFlag(f *pflag.FlagSet, usage string) {
	f.StringVar(&r.Name, "report", "", usage)
}

// Check refuses names that do not say what to write, and directories that are not
// there, before anything is sent.
func (r *ReportFile) Check(extensions ...string) error {
	if r.Name == "" {
		return nil
	}
	if !slices.Contains(extensions, strings.ToLower(filepath.Ext(r.Name))) {
		return exitcode.AsUsage(fmt.Errorf("--report %q: the name must end in %s", r.Name, strings.Join(extensions, " or ")))
	}
	if _, err := os.Stat(filepath.Dir(r.Name)); err != nil {
		return exitcode.AsUsage(fmt.Errorf("--report: %w", err))
	}
	return nil
}

// Record returns the middlewares that record the requests to URLs, and all hops and
// attempts, for a waterfall.
func (r *ReportFile) Record(urls ...string) []middleware.Middleware {
	if r.Name == "" {
		return nil
	}
	r.recorder = har.New(har.Config{
		MaxEntries: -1, Redaction: middleware.Redaction{ShowQuery: openParametersOf(urls...)},
	})
	return []middleware.Middleware{r.recorder.Wrap}
}

// DescribeURLs names what a report is about.
func DescribeURLs(urls []string) string {
	if len(urls) == 1 {
		return aioerrors.RedactURLString(urls[0])
	}
	return render.Count(int64(len(urls))) + " URLs"
}

// SaveRecorded writes the waterfall of what was recorded.
func (r *ReportFile) SaveRecorded(title, about string) error {
	if r.recorder == nil {
		return nil
	}
	var archive bytes.Buffer
	if _, err := r.recorder.WriteTo(&archive); err != nil {
		return err
	}
	entries, err := har.Read(&archive)
	if err != nil {
		return err
	}
	rows := make([]report.Row, len(entries))
	for i := range entries {
		rows[i] = report.RowOf(i+1, &entries[i])
	}
	return r.SaveRows(title, about, rows)
}

// SaveRows writes a waterfall.
func (r *ReportFile) SaveRows(title, about string, rows []report.Row) error {
	return r.save(func(w io.Writer) error { return report.Waterfall(w, newHead(title, about), rows) })
}

// SaveRuns writes a page, or a picture, about runs of a benchmark.
func (r *ReportFile) SaveRuns(about string, runs []report.Run) error {
	write := report.Bench
	if strings.EqualFold(filepath.Ext(r.Name), ".svg") {
		write = report.Picture
	}
	return r.save(func(w io.Writer) error { return write(w, newHead("aiolos bench", about), runs) })
}

// save writes the file if there is to be one.
func (r *ReportFile) save(write func(io.Writer) error) error {
	if r.Name == "" {
		return nil
	}
	return saveFile("report", r.Name, write)
}

// newHead is the head of a page that is made now.
func newHead(title, about string) report.Head {
	return report.Head{Title: title, About: about, Made: time.Now(), By: "aiolos " + session.LibraryVersion}
}

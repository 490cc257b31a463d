package download

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Progress is told about downloads. It is called by several goroutines.
type Progress interface {
	// Start begins a file; have bytes of it are there already, and total is
	// its length or -1.
	Start(name string, have, total int64) Tracker
}

// Tracker is told about one download, by one goroutine at a time.
type Tracker interface {
	// Add tells that n more bytes are there.
	Add(n int)
	// Stop ends the display of the download.
	Stop()
}

// Job is one URL to download.
type Job struct {
	URL   string
	Name  string // of the file, if it was given; else it is chosen
	Index int    // position among the URLs, from 1
	Sum   Sum    // what the file must have; zero: see Fetcher.Sums
}

// Result is the outcome of a job.
type Result struct {
	Job     Job
	Name    string // of the file, or of the unfinished one if Err is set
	Size    int64
	Had     int64 // of Size, bytes that an earlier call had fetched
	Elapsed time.Duration
	Cuts    int  // how often the transfer broke and was taken up again
	Skipped bool // the file existed
	Known   bool // it is complete: an earlier call has fetched it, or Continue has compared it
	// InTheWay says that Name has a number because there is the beginning of a file
	// that another URL has.
	InTheWay bool
	// Other is the name of a file that Continue was to go on with, and that is another
	// one than the URL's; else it is empty.
	Other string
	Kept  bool // an unfinished file remains that a later call can go on with
	Err   error
}

// Fetcher downloads files into a directory. It is safe for concurrent use.
type Fetcher struct {
	Client   *session.Session
	Dir      *Dir
	Conflict Conflict
	Progress Progress
	// Retries is how often a transfer that breaks is taken up again, where it
	// broke if the server can. Zero and negative are never.
	Retries int
	// Notice tells of a transfer that is taken up again. Nil tells nobody.
	Notice func(format string, args ...any)
	// Parallel is how many requests fetch parts of one file at the same time:
	// see [session.SaveConfig]. Zero is one.
	Parallel int
	// NoTimes leaves the files' times as they are; else they are those of Last-Modified.
	NoTimes bool
	// Sums are the checksums of the files by the names that they should have.
	// If there are any, a file without one is an error. Nil checks nothing.
	Sums Sums
}

// transfer is one download under way.
type transfer struct {
	f          *Fetcher
	job        Job
	url        *url.URL // nil if it is none
	chosenName string   // the name that was chosen, which may have got a number
	name       string   // in the directory; empty until it is settled
	sum        Sum      // of the whole, or zero

	known      int64   // length of a file that is complete
	twin       string  // a file of the length of what comes: see isComplete
	tracker    Tracker // nil if nothing is shown
	shown, had int64   // bytes
	modified   time.Time
	// moving says that the body is under way.
	moving bool
}

// errComplete is a file that does not have to be fetched again.
var errComplete = errors.New("the file is complete")

// Fetch downloads one URL. The error is in the Result.
func (f *Fetcher) Fetch(ctx context.Context, job Job) Result {
	start := time.Now()
	t := &transfer{f: f, job: job}
	t.url, _ = session.ParseURL(job.URL) // what is wrong with it, Save says
	if name, size, ok := t.findRecorded(); ok {
		return Result{Job: job, Name: name, Size: size, Skipped: true, Known: true}
	}
	res := Result{Job: job}
	saved, err := t.saveBody(ctx)
	res.Had = t.had
	for t.isBroken(err) && res.Cuts < f.Retries && t.waitBeforeRetry(ctx, res.Cuts, err) {
		res.Cuts++
		saved, err = t.saveBody(ctx)
	}
	res.Name, res.Size, res.Elapsed = t.name, saved.Size, time.Since(start)
	switch {
	case aioerrors.Is(err, errComplete):
		return Result{Job: job, Name: t.chosenName, Size: t.known, Skipped: true, Known: true}
	case f.Conflict == Skip && aioerrors.Is(err, fs.ErrExist):
		res.Skipped, res.Name = true, cmp.Or(t.chosenName, t.wantedName(""))
		return res
	case err == nil:
		err = t.finishFile()
	}
	res.InTheWay = t.isPartInTheWay()
	if f.Conflict == Continue && err == nil && t.chosenName != "" && t.chosenName != t.name && !res.InTheWay {
		res.Other = t.chosenName
	}
	res.Kept, res.Err = saved.Unfinished, err
	return res
}

// saveBody does the download, or goes on with it.
func (t *transfer) saveBody(ctx context.Context) (session.Saved, error) {
	t.moving = false
	if t.f.Conflict == Skip && t.name == "" && t.f.Dir.hasFile(t.wantedName("")) {
		return session.Saved{}, fs.ErrExist
	}
	saved, err := t.f.Client.Save(ctx, t.job.URL, session.SaveConfig{
		Root:         t.f.Dir.root,
		Path:         cmp.Or(t.name, t.job.Name, t.continuedName()),
		IfExists:     t.f.Conflict.ifExists(),
		ResumeAnyURL: t.f.Conflict == Continue,
		Name:         t.chooseName,
		Claim:        t.claimName,
		Begin:        t.beginProgress,
		Verify:       t.verifyFile,
		Progress:     t.onProgress,
		Parallel:     t.f.Parallel,
	})
	t.stopProgress()
	if saved.Path != "" {
		t.name = filepath.Base(saved.Path)
	}
	return saved, err
}

// wantedName is the name that the file should have.
func (t *transfer) wantedName(disposition string) string {
	if t.job.Name != "" {
		return t.job.Name
	}
	return Name(disposition, t.url, t.job.Index)
}

// chooseName is the name for a response.
func (t *transfer) chooseName(r *session.Response) string {
	t.chosenName = t.wantedName(r.Header.Get("Content-Disposition"))
	return t.chosenName
}

// claimName reports whether a name is for this download.
func (t *transfer) claimName(name string) bool { return name == t.name || t.f.Dir.claimName(name) }

// beginProgress shows that a body comes, if there has to be one.
func (t *transfer) beginProgress(r *session.Response, at session.Saved, total int64) error {
	t.name, t.had = filepath.Base(at.Path), at.Resumed
	t.modified, _ = http.ParseTime(r.Header.Get("Last-Modified")) // none is the zero time
	if t.isComplete(r, at, total) {
		return errComplete
	}
	if err := t.wantSum(t.wantedName(r.Header.Get("Content-Disposition")), t.name); err != nil {
		return err
	}
	t.stopProgress()
	if r.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.tracker, t.shown, t.moving = t.f.Progress.Start(t.name, at.Size, total), at.Size, true
	}
	return nil
}

// onProgress shows what has come. What has to be fetched again counts once.
func (t *transfer) onProgress(done, _ int64) {
	if t.tracker != nil && done > t.shown {
		t.tracker.Add(int(done - t.shown))
		t.shown = done
	}
}

// stopProgress ends what is shown.
func (t *transfer) stopProgress() {
	if t.tracker != nil {
		t.tracker.Stop()
		t.tracker = nil
	}
}

// verifyFile looks at a file that is complete.
func (t *transfer) verifyFile(file io.Reader) error {
	t.moving = false
	if t.twin != "" {
		return t.compareTwin(file) // there is no checksum
	}
	return t.sum.checkReader(file)
}

// isBroken reports whether a body ended before its end. What is inside the error
// that names the request tells the library's errors from those of the disk.
func (t *transfer) isBroken(err error) bool {
	named, ok := aioerrors.AsType[*aioerrors.RequestError](err)
	return ok && t.moving && aioerrors.Is(named.Err, aioerrors.ErrClient)
}

// waitBeforeRetry waits before a transfer is taken up again; it reports whether the
// context allows that.
func (t *transfer) waitBeforeRetry(ctx context.Context, attempt int, broken error) bool {
	wait := middleware.FullJitter(200*time.Millisecond, 10*time.Second, attempt, nil)
	if t.f.Notice != nil && ctx.Err() == nil {
		t.f.Notice("%s; again in %s (%d of %d)", render.Error(broken), render.Duration(wait), attempt+1, t.f.Retries)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// ExitCode returns the exit code of a failed download.
func ExitCode(err error) int { return exitcode.Of(err) }

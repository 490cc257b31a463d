package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// Doer sends requests. A session does, and so does an *http.Client.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Progress is told about downloads. It is called by several goroutines.
type Progress interface {
	// Start begins a file; have bytes of it are there already, and total is
	// its length or -1.
	Start(name string, have, total int64) Tracker
}

// Tracker is told about one download, by one goroutine.
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
	Kept    bool // an unfinished file remains that a later call can go on with
	Err     error
}

// Fetcher downloads files into a directory. It is safe for concurrent use.
type Fetcher struct {
	Client   Doer
	Dir      *Dir
	Conflict Conflict
	Progress Progress
	// Retries is how often a transfer that breaks is taken up again, where it
	// broke if the server can. Zero and negative are never.
	Retries int
	// Sums are the checksums of the files by the names that they should have.
	// If there are any, a file without one is an error. Nil checks nothing.
	Sums Sums
}

// transfer is one download under way.
type transfer struct {
	f     *Fetcher
	job   Job
	url   *url.URL
	name  string // claimed; empty until it is chosen
	meta  Meta
	have  int64 // bytes in the part that count
	total int64 // length of the whole, or -1
	sum   Sum   // of the whole, or zero
	// broken says that the body ended before its end.
	broken bool
}

// Fetch downloads one URL. The error is in the Result.
func (f *Fetcher) Fetch(ctx context.Context, job Job) Result {
	start := time.Now()
	t := &transfer{f: f, job: job, total: -1}
	res := Result{Job: job}
	res.Had, res.Err = t.run(ctx)
	for t.broken && res.Cuts < f.Retries && pause(ctx, res.Cuts) {
		res.Cuts++
		t.broken = false
		_, res.Err = t.run(ctx)
	}
	res.Name, res.Size, res.Elapsed = t.name, t.have, time.Since(start)
	if errors.Is(res.Err, errExists) {
		res.Skipped, res.Err, res.Name = true, nil, t.wanted("")
	}
	if res.Err != nil && t.name != "" {
		res.Kept = t.have > 0 && t.meta.validator() != "" && f.Dir.exists(t.name+partSuffix)
	}
	return res
}

// wanted is the name that the file should have.
func (t *transfer) wanted(disposition string) string {
	if t.job.Name != "" {
		return t.job.Name
	}
	return Name(disposition, t.url, t.job.Index)
}

// run does the download and returns how many bytes were there before.
func (t *transfer) run(ctx context.Context) (had int64, err error) {
	if t.url, err = url.Parse(t.job.URL); err != nil {
		return 0, &aioloserrors.InvalidURLError{URL: aioloserrors.RedactURLString(t.job.URL), Description: "not a URL"}
	}
	if t.name == "" {
		t.find()
	} else if t.meta.validator() == "" {
		t.have = 0
	}
	if t.name == "" && t.f.Conflict == Skip && t.f.Dir.exists(t.wanted("")) {
		return 0, errExists
	}
	resp, v, err := t.ask(ctx)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	had = t.have
	if err := t.want(t.wanted(resp.Header.Get("Content-Disposition")), t.name); err != nil {
		return 0, err
	}
	switch v {
	case complete:
		return had, t.finishKept()
	case fromStart:
		had = 0
		if err := t.restart(resp); err != nil {
			return 0, err
		}
	case goOn, again:
	}
	return had, t.receive(resp)
}

// find looks for an unfinished file of this URL that can be continued.
func (t *transfer) find() {
	dir := t.f.Dir
	name, ok := dir.take(t.job.URL, t.job.Name)
	if !ok {
		return
	}
	t.name = name
	meta, err := readMeta(dir.root, name+metaSuffix)
	if err != nil || meta.URL != t.job.URL || meta.validator() == "" {
		return
	}
	if info, err := dir.root.Lstat(name + partSuffix); err == nil && info.Mode().IsRegular() {
		t.meta, t.have = meta, info.Size()
	}
}

// ask sends the request, a second time without the range if the server has
// another version of the file.
func (t *transfer) ask(ctx context.Context) (*http.Response, verdict, error) {
	for {
		resp, err := t.send(ctx)
		if err != nil {
			return nil, 0, err
		}
		v, total, err := judge(resp, t.have, t.meta)
		if err != nil {
			return nil, 0, errors.Join(err, resp.Body.Close())
		}
		if v != again {
			t.total = total
			return resp, v, nil
		}
		if err := resp.Body.Close(); err != nil {
			return nil, 0, err
		}
		t.have = 0
	}
}

// send makes one request.
func (t *transfer) send(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.job.URL, nil)
	if err != nil {
		return nil, err
	}
	// Ranges and lengths have to count the bytes of the file itself.
	req.Header.Set("Accept-Encoding", "identity")
	if t.have > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(t.have, 10)+"-")
		req.Header.Set("If-Range", t.meta.validator())
	}
	return t.f.Client.Do(req)
}

// restart prepares the files for a body that is the whole file.
func (t *transfer) restart(resp *http.Response) error {
	t.have = 0
	dir := t.f.Dir
	if t.name == "" {
		name, err := dir.reserve(t.wanted(resp.Header.Get("Content-Disposition")), t.f.Conflict)
		if err != nil {
			return err
		}
		t.name = name
	}
	// The old bytes go before the new description comes, so that no
	// description ever stands beside bytes of another version.
	part, err := dir.root.OpenFile(t.name+partSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	t.meta = newMeta(t.job.URL, resp)
	return writeMeta(dir.root, t.name+metaSuffix, t.meta)
}

// receive appends the body to the part and finishes the file.
func (t *transfer) receive(resp *http.Response) error {
	part, err := t.f.Dir.root.OpenFile(t.name+partSuffix, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	tracker := t.f.Progress.Start(t.name, t.have, t.total)
	defer tracker.Stop()
	n, err := io.Copy(&counter{part, tracker}, resp.Body)
	t.have += n
	if err == nil && t.total >= 0 && t.have != t.total {
		err = &aioloserrors.ClientPayloadError{Received: t.have, Expected: t.total, Kind: aioloserrors.ErrContentLength}
	}
	if err != nil {
		// Of the library's errors, not those of the disk.
		t.broken = errors.Is(err, aioloserrors.ErrClient)
		return errors.Join(err, part.Close())
	}
	return t.finish(part)
}

// pause waits before a transfer is taken up again; it reports whether the
// context allows that.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(middleware.FullJitter(200*time.Millisecond, 10*time.Second, attempt, nil))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// finishKept finishes a part that turned out to be complete.
func (t *transfer) finishKept() error {
	part, err := t.f.Dir.root.OpenFile(t.name+partSuffix, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return t.finish(part)
}

// finish flushes the part and closes it, gives the file its name, and forgets
// the description.
func (t *transfer) finish(part *os.File) error {
	dir := t.f.Dir
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	if err := t.verify(); err != nil {
		return err
	}
	name, err := dir.publish(t.name, t.f.Conflict)
	if err != nil {
		return fmt.Errorf("the file is complete, but: %w", err)
	}
	meta := t.name + metaSuffix
	t.name = name
	if err := dir.root.Remove(meta); err != nil {
		return err
	}
	dir.flush()
	return nil
}

// counter writes to a file and reports what it has written.
type counter struct {
	file    *os.File
	tracker Tracker
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	c.tracker.Add(n)
	return n, err
}

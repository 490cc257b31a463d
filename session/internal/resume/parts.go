package resume

import (
	"context"
	stderrors "errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
	"github.com/aiolos-http/aiolos/internal/progress"
)

const (
	// minPart is what is worth a request of its own, in bytes.
	minPart = 1 << 20
	// partTries is how often a part is asked for.
	partTries = 2
)

var (
	// errPartsMissing says that parts of the file are missing, and the rest has to be asked
	// for.
	errPartsMissing = stderrors.New("a part of the file is missing")
	// errNotThePart is an answer that is something else than what was asked for.
	errNotThePart = stderrors.New("not the part of the file that was asked for")
)

// countRequests is how many requests shall fetch what the response and the file still
// lack: 1 unless everything speaks for more.
func (sv *Saver) countRequests(r *Response, v rangeVerdict) int {
	missing := sv.total - sv.size
	switch {
	case sv.cfg.Parallel < 2 || r.MaxParallel < 2 || v != wholeFile && v != restOfFile || r.Call.IsRead():
		return 1
	case v == wholeFile && (r.StatusCode != http.StatusOK || !acceptsRanges(r.Header)):
		return 1
	case sv.total < 0 || r.ContentLength != missing || sv.meta.validator() == "" || isEncoded(r):
		return 1
	case r.MaxSize > 0 && r.MaxSize < missing:
		return 1
	}
	return int(min(int64(sv.cfg.Parallel), int64(r.MaxParallel), missing/minPart))
}

// acceptsRanges reports whether the server offers ranges of bytes (RFC 9110 14.3).
func acceptsRanges(h http.Header) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(h["Accept-Ranges"], ","), ","), func(unit string) bool {
		return strings.EqualFold(strings.TrimSpace(unit), "bytes")
	})
}

// isEncoded reports whether the bytes are, or were, in a content coding: those of a
// range would not be the same.
func isEncoded(r *Response) bool { return r.Decoded || len(r.Header["Content-Encoding"]) > 0 }

// partsDownload is a file of which several parts are fetched at the same time.
type partsDownload struct {
	sv     *Saver
	ctx    context.Context //nolint:containedctx // it lives as long as one call
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	parts    []*filePart
	broken   error // of the file: nothing helps
	received int64
	reported int64
	late     *time.Timer // reports what was too soon to report; nil: nothing was
	over     bool        // nothing is to be reported any more
}

// filePart is one of them. It has the bytes from start to at. The first part goes on
// into those behind it whose own requests have no answer yet.
type filePart struct {
	start, at, end int64
	state          partState
	ctx            context.Context //nolint:containedctx // as above
	cancel         context.CancelFunc
}

type partState uint8

const (
	partAsked   partState = iota // no answer yet
	partRunning                  // it comes, or has come
	partFailed                   // its request has failed, or there is a gap before it
	partTaken                    // by the first
)

// fetchParts is appendBody with n requests, of which one has been answered by r. The
// file is then whole, or what stays of it has no gap; that is errPartsMissing unless there
// is a better reason.
func (sv *Saver) fetchParts(ctx context.Context, r *Response, n int) error {
	if err := sv.dir.hideDescription(sv.name); err != nil {
		return err
	}
	p := &partsDownload{sv: sv, received: sv.size}
	p.ctx, p.cancel = context.WithCancel(ctx)
	defer p.cancel()
	stop := context.AfterFunc(p.ctx, r.Call.Close)
	defer stop()
	p.splitMissing(n)
	for i, part := range p.parts[1:] {
		p.work.Go(func() { p.failPart(i+1, p.fetchPart(part, nil)) })
	}
	p.failPart(0, p.fetchPart(p.parts[0], r))
	p.work.Wait()
	p.stopReporting()
	return p.truncateAtGap(ctx)
}

// splitMissing divides what is missing into n parts.
func (p *partsDownload) splitMissing(n int) {
	from := p.sv.size
	size := (p.sv.total - from) / int64(n)
	for i := range n {
		end := from + size
		if i == n-1 {
			end = p.sv.total
		}
		part := &filePart{start: from, at: from, end: end}
		part.ctx, part.cancel = context.WithCancel(p.ctx)
		p.parts = append(p.parts, part)
		from = end
	}
	p.parts[0].state = partRunning
}

// fetchPart gets a part. r is nil, or has all that comes after the start of the part.
func (p *partsDownload) fetchPart(part *filePart, r *Response) (err error) {
	defer part.cancel()
	for range partTries {
		all := r != nil
		if r == nil {
			if r, err = p.requestPart(part); err != nil {
				return err
			}
		}
		err = p.copyPart(part, r, all)
		r.Call.Close() // what is left of it, others get
		if err == nil || err == errNotThePart || part.ctx.Err() != nil {
			return err
		}
		r = nil
	}
	return err
}

// missing is where what a part lacks begins and ends.
func (p *partsDownload) missing(part *filePart) (at, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return part.at, part.end
}

// requestPart asks for what a part lacks, and takes only that for an answer.
func (p *partsDownload) requestPart(part *filePart) (*Response, error) {
	at, end := p.missing(part)
	span := strconv.FormatInt(at, 10) + "-" + strconv.FormatInt(end-1, 10)
	r, err := p.sv.cfg.Fetch(part.ctx, span, p.sv.meta.validator())
	if err != nil {
		return nil, err
	}
	if !p.sv.isWantedPart(r, contentRange{at, end - 1, p.sv.total}) {
		r.Call.Close() // nobody wants it
		return nil, errNotThePart
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if part.state != partAsked && part.state != partRunning {
		r.Call.Close() // the first has come here before
		return nil, errNotThePart
	}
	part.state = partRunning
	return r, nil
}

// isWantedPart reports whether a response is this part of the version that meta
// describes.
func (sv *Saver) isWantedPart(r *Response, want contentRange) bool {
	got, ok := parseContentRange(r.Header.Get("Content-Range"))
	return r.StatusCode == http.StatusPartialContent && ok && got == want && !isEncoded(r) && isPartOf(r, got, sv.meta)
}

// copyPart writes what a response has of a part. all says that the response goes on
// after it: the first part then grows until somebody else has the next.
func (p *partsDownload) copyPart(part *filePart, r *Response, all bool) error {
	begin, _ := p.missing(part)
	for {
		at, end := p.missing(part)
		n, err := io.Copy(&partWriter{p, part}, io.LimitReader(r.Body, end-at))
		switch {
		case err != nil:
			return err
		case n < end-at:
			return io.ErrUnexpectedEOF
		case !all && r.ContentLength < 0:
			return p.checkRangeEnd(part, r, begin)
		case !all || !p.extendFirst():
			return nil
		}
	}
}

// checkRangeEnd looks whether a body without a length ends where its range does. Of one
// that does not, nothing since begin can be trusted.
func (p *partsDownload) checkRangeEnd(part *filePart, r *Response, begin int64) error {
	var one [1]byte
	n, err := io.ReadFull(r.Body, one[:])
	if n == 0 && err == io.EOF {
		return nil
	}
	if n == 0 {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if part.state != partTaken {
		p.received -= part.at - begin
	}
	part.at = begin
	return errNotThePart
}

// extendFirst gives the next part to the first, if it does not come otherwise.
func (p *partsDownload) extendFirst() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.parts[0]
	for _, next := range p.parts[1:] {
		if next.state == partTaken {
			continue
		}
		if next.state == partRunning {
			return false
		}
		p.received -= next.at - next.start
		next.state = partTaken
		next.cancel()
		first.end = next.end
		return true
	}
	return false
}

// failPart notes how the fetching of a part has ended. If it has failed, those that
// come after it are of no use.
func (p *partsDownload) failPart(i int, err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parts[i].state == partTaken {
		return
	}
	p.parts[i].state = partFailed
	for _, later := range p.parts[i+1:] {
		if later.state != partTaken {
			later.state = partFailed
			later.cancel()
		}
	}
}

// partWriter writes to the place of a part.
type partWriter struct {
	parts *partsDownload
	part  *filePart
}

// Write writes where the part has come to.
func (w *partWriter) Write(b []byte) (int, error) {
	p := w.parts
	at, _ := p.missing(w.part)
	n, err := p.sv.part.WriteAt(b, at)
	p.mu.Lock()
	defer p.mu.Unlock()
	w.part.at += int64(n)
	if w.part.state != partTaken {
		p.received += int64(n)
	}
	if err != nil {
		p.broken = err
		p.cancel()
	}
	p.reportProgress()
	return n, err
}

// reportProgress tells how much has been received, now or, unless more comes before, in a
// moment: while a part stands still, the others may be done. p.mu is held.
func (p *partsDownload) reportProgress() {
	switch {
	case p.over || p.received <= p.reported:
	case p.sv.meter.Update(p.received, p.sv.total):
		p.reported = p.received
	case p.late == nil:
		p.late = time.AfterFunc(progress.Interval, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.late = nil
			p.reportProgress()
		})
	}
}

// stopReporting says that the transfer is over, and tells how far it has come.
func (p *partsDownload) stopReporting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.received > p.reported {
		p.sv.meter.Finish(p.received, p.sv.total)
	}
	if p.late != nil {
		p.late.Stop()
	}
}

// truncateAtGap cuts the file where the first gap is, and puts the description back.
func (p *partsDownload) truncateAtGap(ctx context.Context) error {
	sv := p.sv
	sv.size = p.parts[0].at
	for _, part := range p.parts[1:] {
		if part.state != partTaken && part.start == sv.size {
			sv.size = part.at
		}
	}
	err := sv.part.Truncate(sv.size)
	if err == nil && !sv.cfg.NoResume {
		// The description must not be on the disk before the bytes are.
		if err = sv.part.Sync(); err == nil {
			err = sv.dir.showDescription(sv.name)
		}
	}
	switch {
	case err != nil:
		sv.meta = description{} // what is left cannot be trusted
		return oneline.Join(p.broken, err)
	case p.broken != nil:
		return p.broken
	case sv.size == sv.total:
		return nil
	case ctx.Err() != nil:
		return httprule.ContextError(ctx)
	}
	return errPartsMissing
}

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
	missing := sv.total - sv.have()
	switch {
	case sv.cfg.Parallel < 2 || r.MaxParallel < 2 || v != wholeFile && v != restOfFile || r.Call.IsRead():
		return 1
	case v == wholeFile && (r.StatusCode != http.StatusOK || !acceptsRanges(r.Header)):
		return 1
	case sv.total < 0 || r.ContentLength != sv.gapEnd()-sv.size || sv.meta.validator() == "" || isEncoded(r):
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

// The life of a part:
//
//	        takeFree         answer           endPart
//	  free ---------> asked --------> running -------> running, all of it; or failed
//	    \               \              |  again from where it broke, once
//	     +---------------+---- extendFirst, also of a failed one ----> taken by the first

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
	partFree    partState = iota // nobody has asked for it
	partAsked                    // no answer yet
	partRunning                  // it comes, or has come
	partFailed                   // its request has failed
	partTaken                    // by the first
)

// fetchParts is appendBody with n requests, of which one has been answered by r. The
// file is then whole, or the description says which of its bytes are there; that is
// errPartsMissing unless there is a better reason.
func (sv *Saver) fetchParts(ctx context.Context, r *Response, n int) error {
	if err := sv.describeGaps(); err != nil {
		return err
	}
	p := &partsDownload{sv: sv, received: sv.have()}
	p.ctx, p.cancel = context.WithCancel(ctx)
	defer p.cancel()
	stop := context.AfterFunc(p.ctx, r.Call.Close)
	defer stop()
	p.splitMissing(n)
	if sv.size == 0 {
		// What has no beginning cannot be gone on with, so that an interrupt would lose what
		// the others have. An error comes again where the body is read on.
		_, _ = io.CopyN(&partWriter{p, p.parts[0]}, r.Body, 1)
	}
	for range n - 1 {
		p.work.Go(p.fetchFree)
	}
	p.endPart(p.parts[0], p.fetchPart(p.parts[0], r))
	p.fetchFree()
	p.work.Wait()
	p.stopReporting()
	return p.keepParts(ctx)
}

// describeGaps has the description name the bytes that count, for the part is about to
// get gaps. The one that is there is put aside: if the disk is full, it comes back.
func (sv *Saver) describeGaps() error {
	if err := sv.dir.hideDescription(sv.name); err != nil || sv.cfg.NoResume {
		return err
	}
	m := sv.meta
	m.Have = [][2]int64{{0, sv.size}}
	for _, s := range sv.kept {
		m.Have = append(m.Have, [2]int64{s.start, s.end})
	}
	if err := writeDescription(sv.dir.root, sv.name, m); err != nil {
		return oneline.Join(err, sv.dir.showDescription(sv.name)) // there is no gap yet
	}
	return nil
}

// splitMissing divides what is missing into parts: each gap is one, and if that is less
// than n, the gaps that are large have several of the same length.
func (p *partsDownload) splitMissing(n int) {
	gaps := p.sv.gaps()
	pieces := slices.Repeat([]int64{1}, len(gaps))
	for range n - len(gaps) {
		most, at := int64(minPart-1), -1
		for i, gap := range gaps {
			if each := gap.length() / (pieces[i] + 1); each > most {
				most, at = each, i
			}
		}
		if at < 0 {
			break
		}
		pieces[at]++
	}
	for i, gap := range gaps {
		from, size := gap.start, gap.length()/pieces[i]
		for k := range pieces[i] {
			end := from + size
			if k == pieces[i]-1 {
				end = gap.end
			}
			part := &filePart{start: from, at: from, end: end}
			part.ctx, part.cancel = context.WithCancel(p.ctx)
			p.parts = append(p.parts, part)
			from = end
		}
	}
	p.parts[0].state = partRunning
}

// fetchFree gets one part after another that nobody has asked for.
func (p *partsDownload) fetchFree() {
	for {
		part := p.takeFree()
		if part == nil {
			return
		}
		p.endPart(part, p.fetchPart(part, nil))
	}
}

// takeFree is a part to ask for, or nil.
func (p *partsDownload) takeFree() *filePart {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.parts, func(part *filePart) bool { return part.state == partFree })
	if i < 0 || p.ctx.Err() != nil {
		return nil
	}
	p.parts[i].state = partAsked
	return p.parts[i]
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
		if next.state == partRunning || next.start != first.end {
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

// endPart notes how the fetching of a part has ended.
func (p *partsDownload) endPart(part *filePart, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && part.state != partTaken {
		part.state = partFailed
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

// keepParts notes which bytes are there. If that cannot be written, as on a full disk, the
// file is cut where the first gap is, and the description is again what it was.
func (p *partsDownload) keepParts(ctx context.Context) error {
	sv := p.sv
	all := append([]span{{0, sv.size}}, sv.kept...)
	for _, part := range p.parts { // also what came of one before the first took it
		all = append(all, span{part.start, part.at})
	}
	sv.setHave(all)
	var err error
	if !sv.cfg.NoResume && sv.size < sv.total {
		if err = sv.noteHave(); err != nil {
			err = sv.cutAtGap()
		} else {
			err = sv.dir.removeFile(sv.name + tempSuffix)
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

// cutAtGap keeps what has no gap, with the description that was put aside.
func (sv *Saver) cutAtGap() error {
	sv.kept, sv.meta.Have = nil, nil
	if err := sv.part.Truncate(sv.size); err != nil {
		return err
	}
	// The description must not be on the disk before the bytes are.
	if err := sv.part.Sync(); err != nil {
		return err
	}
	return sv.dir.showDescription(sv.name)
}

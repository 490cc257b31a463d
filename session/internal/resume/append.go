package resume

import (
	"context"
	stderrors "errors"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// maxShort is how many answers of less than minPart may each bring only a part of
// what was asked for.
const maxShort = 16

// errTooMuch is a body that is longer than it said.
var errTooMuch = stderrors.New("more bytes than were announced")

// saveAnswer makes the file of a response, and of those that follow if it does not bring
// all of it.
func (sv *Saver) saveAnswer(ctx context.Context, r *Response, v rangeVerdict) (Saved, error) {
	err := sv.appendAnswer(ctx, r, v)
	for err == errPartsMissing {
		err = sv.fetchMissing(ctx)
	}
	if err != nil {
		return Saved{}, err
	}
	name, err := sv.renamePart()
	if err != nil {
		return Saved{}, err
	}
	return Saved{Path: sv.dir.path(name), Size: sv.size, Resumed: sv.resumedFrom}, nil
}

// appendAnswer adds to the part what a response has. It is errPartsMissing if that was not all.
func (sv *Saver) appendAnswer(ctx context.Context, r *Response, v rangeVerdict) error {
	var err error
	if v == wholeFile {
		err = sv.startPart(r)
	} else {
		err = sv.reopenPart()
	}
	if err != nil {
		return err
	}
	if err = sv.fetchBody(ctx, r, v); err == nil {
		err = sv.verifyPart()
	} else if err != errPartsMissing {
		err = oneline.Join(err, sv.noteCut())
	}
	if closeErr := sv.part.Close(); closeErr != nil && (err == nil || err == errPartsMissing) {
		err = closeErr
	}
	if err == nil || err == errPartsMissing {
		return err
	}
	return sv.removeUseless(err)
}

// fetchMissing asks for what is missing, with one request.
func (sv *Saver) fetchMissing(ctx context.Context) error {
	sv.partsMissing, sv.cfg.Parallel = true, 0
	r, v, err := sv.requestMissing(ctx)
	if err != nil {
		return sv.removeUseless(err)
	}
	defer r.Call.Close()
	return sv.appendAnswer(ctx, r, v)
}

// startPart begins an unfinished file. The old bytes go before the new description
// comes, so that no description ever stands beside bytes of another version.
func (sv *Saver) startPart(r *Response) error {
	sv.size, sv.kept, sv.resumedFrom = 0, nil, 0
	var err error
	switch {
	case sv.name != "":
		sv.part, err = sv.replacePart(sv.name)
	case sv.want != "":
		err = sv.reserveName(sv.want)
	default:
		err = sv.reserveName(sv.nameFor(r))
	}
	if err != nil {
		return err
	}
	sv.meta = describe(sv.cfg.URL, r)
	if sv.cfg.NoResume || sv.meta.validator() == "" {
		return nil
	}
	if err := writeDescription(sv.dir.root, sv.name, sv.meta); err != nil {
		sv.part.Close() // the error that counts is the description's
		return sv.removeUseless(err)
	}
	return nil
}

// reopenPart opens an unfinished file at its end.
func (sv *Saver) reopenPart() (err error) {
	if !sv.partsMissing {
		sv.resumedFrom = sv.have()
	}
	if sv.part, err = sv.dir.root.OpenFile(sv.name+partSuffix, os.O_RDWR, 0); err != nil {
		return err
	}
	if sv.lock != nil && !sameFile(sv.lock, sv.part) {
		sv.part.Close() // it is somebody else's
		return ErrBusy
	}
	if _, err = sv.part.Seek(sv.size, io.SeekStart); err != nil {
		sv.part.Close() // the error that counts is known
	}
	return err
}

// fetchBody gets what the part lacks.
func (sv *Saver) fetchBody(ctx context.Context, r *Response, v rangeVerdict) error {
	if v == wholeFile || !sv.partsMissing {
		if err := r.Call.BeginSave(Saved{Path: sv.dir.path(sv.name), Size: sv.have(), Resumed: sv.resumedFrom}, sv.total); err != nil {
			return err
		}
	}
	switch n := sv.countRequests(r, v); {
	case n > 1:
		return sv.fetchParts(ctx, r, n)
	case v != nothingLeft:
		return sv.appendBody(ctx, r)
	}
	return nil
}

// appendBody appends the body to the part. It is errPartsMissing if the body has come, and more
// has to be asked for.
func (sv *Saver) appendBody(ctx context.Context, r *Response) error {
	stop := context.AfterFunc(ctx, r.Call.Close)
	defer stop()
	begin := sv.size
	_, err := io.Copy(&partAppender{sv}, r.Call.Source())
	sv.meter.Finish(sv.have(), sv.total)
	switch {
	case stderrors.Is(err, errTooMuch):
		return sv.truncateTo(begin)
	case err != nil && ctx.Err() != nil:
		return httprule.ContextError(ctx)
	case err != nil:
		return err
	case sv.end >= 0 && sv.size != sv.end:
		return lengthError(sv.size, sv.end)
	}
	if filled := sv.skipKept(); !filled && sv.size-begin < minPart {
		sv.short++
	}
	if sv.total < 0 && sv.end >= 0 || sv.total >= 0 && sv.size < sv.total {
		return sv.checkProgress(r)
	}
	return nil
}

// truncateTo drops what came since begin, of a body that is longer than it said: none
// of it can be trusted.
//
// If it was to fill a gap, what is behind that goes too, and the rest is asked for.
func (sv *Saver) truncateTo(begin int64) error {
	err := lengthError(sv.size+1, sv.end)
	if len(sv.kept) > 0 {
		sv.kept, err = nil, errPartsMissing
	}
	if sv.size = begin; sv.part.Truncate(begin) != nil {
		return sv.distrustPart(lengthError(sv.size+1, sv.end))
	}
	return err
}

// checkProgress is errPartsMissing, unless the server sends the file in too many small pieces,
// or the pieces are together more than one body may have.
func (sv *Saver) checkProgress(r *Response) error {
	switch limit := r.MaxSize; {
	case sv.short > maxShort:
		return lengthError(sv.size, sv.total)
	case limit > 0 && sv.have()-sv.resumedFrom >= limit:
		return &errors.BodyTooLargeError{Limit: limit}
	}
	return errPartsMissing
}

// partAppender writes at the end of the part, but not beyond the end that was
// announced.
type partAppender struct{ sv *Saver }

func (w *partAppender) Write(p []byte) (int, error) {
	sv, excess := w.sv, false
	if sv.end >= 0 && int64(len(p)) > sv.end-sv.size {
		p, excess = p[:sv.end-sv.size], true
	}
	n, err := sv.part.Write(p)
	sv.size += int64(n)
	sv.meter.Update(sv.have(), sv.total)
	if err == nil && excess {
		err = errTooMuch
	}
	return n, err
}

// verifyPart looks whether the file is what it should be, and is on the disk.
func (sv *Saver) verifyPart() error {
	if sv.cfg.Hash != nil {
		h := sv.cfg.Hash()
		if err := sv.readPart(func(r io.Reader) error { _, err := io.Copy(h, r); return err }); err != nil {
			return err
		}
		if err := sv.cfg.CheckSum(h.Sum(nil)); err != nil {
			return sv.distrustPart(err)
		}
	}
	if sv.cfg.Verify != nil {
		if err := sv.readPart(sv.cfg.Verify); err != nil {
			return sv.distrustPart(err)
		}
	}
	if err := sv.part.Sync(); err != nil {
		return sv.distrustPart(err) // nobody knows which bytes are on the disk
	}
	return nil
}

// readPart gives all of the part to read.
func (sv *Saver) readPart(read func(io.Reader) error) error {
	if _, err := sv.part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return read(sv.part)
}

// distrustPart has no later call go on with the part.
func (sv *Saver) distrustPart(err error) error {
	sv.meta, sv.size, sv.kept = description{}, 0, nil
	return err
}

// removeUseless removes an unfinished file that no later call could go on with.
func (sv *Saver) removeUseless(err error) error {
	if sv.canResume() {
		return err
	}
	return oneline.Join(err, sv.dir.removePart(sv.name))
}

// canResume reports whether a later call can go on with what is there.
func (sv *Saver) canResume() bool {
	return sv.size > 0 && sv.meta.validator() != "" && !sv.cfg.NoResume
}

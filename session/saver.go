package session

import (
	"context"
	stderrors "errors"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// maxShort is how many answers of less than minPart may each bring only a part of
// what was asked for.
const maxShort = 16

// errTooMuch is a body that is longer than it said.
var errTooMuch = stderrors.New("more bytes than were announced")

// saver is one call of Save at work.
type saver struct {
	cfg  SaveConfig
	url  string // asked for first
	ask  func(ctx context.Context, extra Option) (*Response, error)
	dir  saveDir
	want string // the name that Path gives, or empty
	name string // in dir; empty until it is settled
	// strict says that no other name will do.
	strict bool

	part  *os.File
	lock  *os.File // on the part; nil: none
	meta  partMeta
	have  int64 // bytes of the part that count
	had   int64 // of them, what was there before
	end   int64 // of the part when the body under way has come, or -1
	total int64 // of the whole, or -1
	gap   bool  // something came, and not all
	short int   // answers that brought little of what was missing
}

func openSaver(cfg SaveConfig, url string) (*saver, error) {
	switch {
	case cfg.Hash == nil && cfg.Sum != nil:
		return nil, &errors.InvalidRequestError{Field: "SaveConfig.Sum", Reason: "needs Hash, such as sha256.New"}
	case cfg.Hash != nil && cfg.Sum == nil:
		return nil, &errors.InvalidRequestError{Field: "SaveConfig.Hash", Reason: "needs Sum, what it must be"}
	case cfg.IfExists > ExistsRefuse:
		return nil, &errors.InvalidRequestError{Field: "SaveConfig.IfExists", Reason: "none of its values"}
	}
	sv := &saver{cfg: cfg, url: url, end: -1, total: -1}
	var err error
	if sv.dir, sv.want, err = cfg.open(); err != nil {
		return nil, err
	}
	if cfg.IfExists == ExistsDefault {
		sv.cfg.IfExists = ExistsNumber
		if sv.want != "" {
			sv.cfg.IfExists = ExistsReplace
		}
	}
	sv.strict = sv.want != "" && sv.cfg.IfExists == ExistsRefuse
	if sv.strict && sv.dir.exists(sv.want) {
		sv.close()
		return nil, errExists(sv.dir.path(sv.want))
	}
	return sv, nil
}

func (sv *saver) close() {
	sv.unlock()
	if sv.cfg.Root == nil {
		sv.dir.root.Close()
	}
}

// outcome is what SaveTo and Save return beside an error.
func (sv *saver) outcome(saved Saved, err error) Saved {
	if err == nil || sv.name == "" {
		return saved
	}
	return Saved{Path: sv.dir.path(sv.name), Size: sv.have, Unfinished: sv.keeps()}
}

// saveURL asks for the file, or for its rest, and saves it.
func (sv *saver) saveURL(ctx context.Context) (Saved, error) {
	if !sv.cfg.NoResume {
		sv.find()
	}
	r, v, err := sv.request(ctx)
	if err != nil {
		return Saved{}, err
	}
	defer r.Close()
	return sv.take(ctx, r, v)
}

// saveResponse saves a response that is there already, unless only the rest of
// it is wanted.
func (sv *saver) saveResponse(ctx context.Context, r *Response) (Saved, error) {
	answer, err := judge(r, 0, partMeta{})
	if err != nil {
		return Saved{}, err
	}
	if !sv.cfg.NoResume && !r.full && !r.call.s.oneShot {
		if sv.find(); sv.have > 0 && sv.meta.same(newMeta(sv.url, r)) {
			r.Close() // the rest is asked for
			return sv.saveURL(ctx)
		}
	}
	sv.have, sv.end, sv.total = 0, answer.end, answer.total
	return sv.take(ctx, r, answer.verdict)
}

// find looks for an unfinished file of the URL that can be continued.
func (sv *saver) find() {
	for _, name := range sv.candidates() {
		meta, err := readMeta(sv.dir.root, name+metaSuffix)
		if err != nil || meta.URL != sv.url || meta.validator() == "" {
			continue
		}
		info, err := sv.dir.root.Lstat(name + partSuffix)
		if err != nil || !info.Mode().IsRegular() || !sv.claim(name) || sv.lockPart(name) != nil {
			continue
		}
		// With the lock, size and description are what they will be.
		if info, err = sv.dir.root.Lstat(name + partSuffix); err != nil {
			continue
		}
		if meta, err = readMeta(sv.dir.root, name+metaSuffix); err == nil && meta.URL == sv.url && meta.validator() != "" {
			sv.name, sv.meta, sv.have = name, meta, info.Size()
			return
		}
	}
}

// candidates are the names under which an unfinished file of the URL may be: that
// of Path, with a number too if it may have got one, or all that there are.
func (sv *saver) candidates() []string {
	switch {
	case sv.want == "":
		return sv.dir.described()
	case sv.strict || sv.cfg.IfExists == ExistsReplace:
		return []string{sv.want}
	}
	others := slices.DeleteFunc(sv.dir.described(), func(name string) bool { return !isNumbered(name, sv.want) })
	return append([]string{sv.want}, others...)
}

func (sv *saver) claim(name string) bool { return sv.cfg.Claim == nil || sv.cfg.Claim(name) }

// request asks for the file, and once more without a range if the server has
// another version of it. Until the whole comes in its place, what is there counts.
func (sv *saver) request(ctx context.Context) (*Response, rangeVerdict, error) {
	for have := sv.have; ; have = 0 {
		span := ""
		if have > 0 {
			span = strconv.FormatInt(have, 10) + "-"
		}
		r, err := sv.ask(ctx, rangeOption(span, sv.meta.validator()))
		if err != nil {
			return nil, 0, err
		}
		answer, err := judge(r, have, sv.meta)
		if err != nil {
			r.Close() // the error that counts is known
			return nil, 0, err
		}
		if answer.verdict == askAgain {
			r.Close() // nobody wants it
			continue
		}
		sv.end, sv.total = answer.end, answer.total
		if answer.verdict == goOn {
			sv.meta.Length = answer.total // every later answer has to agree
		}
		return r, answer.verdict, nil
	}
}

// take makes the file of a response, and of those that follow if it does not bring
// all of it.
func (sv *saver) take(ctx context.Context, r *Response, v rangeVerdict) (Saved, error) {
	err := sv.takeAnswer(ctx, r, v)
	for err == errGap {
		err = sv.closeGap(ctx)
	}
	if err != nil {
		return Saved{}, err
	}
	name, err := sv.publish()
	if err != nil {
		return Saved{}, err
	}
	return Saved{Path: sv.dir.path(name), Size: sv.have, Resumed: sv.had}, nil
}

// takeAnswer adds to the part what a response has. It is errGap if that was not all.
func (sv *saver) takeAnswer(ctx context.Context, r *Response, v rangeVerdict) error {
	var err error
	if v == fromStart {
		err = sv.restart(r)
	} else {
		err = sv.goOn()
	}
	if err != nil {
		return err
	}
	if err = sv.fill(ctx, r, v); err == nil {
		err = sv.verify()
	}
	if closeErr := sv.part.Close(); closeErr != nil && (err == nil || err == errGap) {
		err = closeErr
	}
	if err == nil || err == errGap {
		return err
	}
	return sv.leave(err)
}

// closeGap asks for what is missing, with one request.
func (sv *saver) closeGap(ctx context.Context) error {
	sv.gap, sv.cfg.Parallel = true, 0
	r, v, err := sv.request(ctx)
	if err != nil {
		return sv.leave(err)
	}
	defer r.Close()
	return sv.takeAnswer(ctx, r, v)
}

// restart begins an unfinished file. The old bytes go before the new description
// comes, so that no description ever stands beside bytes of another version.
func (sv *saver) restart(r *Response) error {
	sv.have, sv.had = 0, 0
	var err error
	switch {
	case sv.name != "":
		sv.part, err = sv.create(sv.name)
	case sv.want != "":
		err = sv.reserve(sv.want)
	default:
		err = sv.reserve(sv.cfg.fileName(r))
	}
	if err != nil {
		return err
	}
	sv.meta = newMeta(sv.url, r)
	if sv.cfg.NoResume || sv.meta.validator() == "" {
		return nil
	}
	if err := writeMeta(sv.dir.root, sv.name, sv.meta); err != nil {
		sv.part.Close() // the error that counts is the description's
		return sv.leave(err)
	}
	return nil
}

// goOn opens an unfinished file at its end.
func (sv *saver) goOn() (err error) {
	if !sv.gap {
		sv.had = sv.have
	}
	if sv.part, err = sv.dir.root.OpenFile(sv.name+partSuffix, os.O_RDWR, 0); err != nil {
		return err
	}
	if sv.lock != nil && !sameFile(sv.lock, sv.part) {
		sv.part.Close() // it is somebody else's
		return errBusy
	}
	if _, err = sv.part.Seek(sv.have, io.SeekStart); err != nil {
		sv.part.Close() // the error that counts is known
	}
	return err
}

// fill gets what the part lacks.
func (sv *saver) fill(ctx context.Context, r *Response, v rangeVerdict) error {
	if begin := sv.cfg.Begin; begin != nil && (v == fromStart || !sv.gap) {
		if err := begin(r, Saved{Path: sv.dir.path(sv.name), Size: sv.have, Resumed: sv.had}, sv.total); err != nil {
			return err
		}
	}
	switch n := sv.parallel(r, v); {
	case n > 1:
		return sv.receiveParts(ctx, r, n)
	case v != complete:
		return sv.receive(ctx, r)
	}
	return nil
}

// receive appends the body to the part. It is errGap if the body has come, and more
// has to be asked for.
func (sv *saver) receive(ctx context.Context, r *Response) error {
	stop := context.AfterFunc(ctx, func() { r.Close() })
	defer stop()
	begin := sv.have
	_, err := io.Copy(&partAppender{sv}, r.source())
	switch {
	case stderrors.Is(err, errTooMuch):
		return sv.takeBack(begin)
	case err != nil && ctx.Err() != nil:
		return httprule.ContextError(ctx)
	case err != nil:
		return err
	case sv.end >= 0 && sv.have != sv.end:
		return lengthError(sv.have, sv.end)
	case sv.total < 0 && sv.end >= 0, sv.total >= 0 && sv.have < sv.total:
		return sv.askForMore(r, begin)
	}
	return nil
}

// takeBack drops what came since begin, of a body that is longer than it said: none
// of it can be trusted.
func (sv *saver) takeBack(begin int64) error {
	err := lengthError(sv.have+1, sv.end)
	if sv.have = begin; sv.part.Truncate(begin) != nil {
		return sv.bad(err)
	}
	return err
}

// askForMore is errGap, unless the server sends the file in too many small pieces,
// or the pieces are together more than one body may have.
func (sv *saver) askForMore(r *Response, begin int64) error {
	if sv.have-begin < minPart {
		sv.short++
	}
	switch limit := r.body.limit; {
	case sv.short > maxShort:
		return lengthError(sv.have, sv.total)
	case limit > 0 && sv.have-sv.had >= limit:
		return &errors.BodyTooLargeError{Limit: limit}
	}
	return errGap
}

// partAppender writes at the end of the part, but not beyond the end that was
// announced.
type partAppender struct{ sv *saver }

func (w *partAppender) Write(p []byte) (int, error) {
	sv, excess := w.sv, false
	if sv.end >= 0 && int64(len(p)) > sv.end-sv.have {
		p, excess = p[:sv.end-sv.have], true
	}
	n, err := sv.part.Write(p)
	sv.have += int64(n)
	if sv.cfg.Progress != nil {
		sv.cfg.Progress(sv.have, sv.total)
	}
	if err == nil && excess {
		err = errTooMuch
	}
	return n, err
}

// verify looks whether the file is what it should be, and is on the disk.
func (sv *saver) verify() error {
	if sv.cfg.Hash != nil {
		h := sv.cfg.Hash()
		if err := sv.readAll(func(r io.Reader) error { _, err := io.Copy(h, r); return err }); err != nil {
			return err
		}
		if err := sv.cfg.checkSum(h.Sum(nil)); err != nil {
			return sv.bad(err)
		}
	}
	if sv.cfg.Verify != nil {
		if err := sv.readAll(sv.cfg.Verify); err != nil {
			return sv.bad(err)
		}
	}
	if err := sv.part.Sync(); err != nil {
		return sv.bad(err) // nobody knows which bytes are on the disk
	}
	return nil
}

// readAll gives all of the part to read.
func (sv *saver) readAll(read func(io.Reader) error) error {
	if _, err := sv.part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return read(sv.part)
}

// bad says of the part that there is nothing to go on with.
func (sv *saver) bad(err error) error {
	sv.meta, sv.have = partMeta{}, 0
	return err
}

// leave removes an unfinished file that no later call could go on with.
func (sv *saver) leave(err error) error {
	if sv.keeps() {
		return err
	}
	return oneline.Join(err, sv.dir.discard(sv.name))
}

// keeps reports whether a later call can go on with what is there.
func (sv *saver) keeps() bool {
	return sv.have > 0 && sv.meta.validator() != "" && !sv.cfg.NoResume
}

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
)

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
	meta  partMeta
	have  int64 // bytes of the part that count
	had   int64 // of them, what was there before
	total int64 // of the whole, or -1
	gap   bool  // parts came, and not all
}

func openSaver(cfg SaveConfig, url string) (*saver, error) {
	switch {
	case (cfg.Hash == nil) != (cfg.Sum == nil):
		return nil, &errors.InvalidRequestError{Field: "Save", Reason: "a hash and its sum belong together"}
	case cfg.IfExists > ExistsRefuse:
		return nil, &errors.InvalidRequestError{Field: "Save", Reason: "no value of IfExists"}
	}
	sv := &saver{cfg: cfg, url: url, total: -1}
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
	v, total, err := judge(r, 0, partMeta{})
	if err != nil {
		return Saved{}, err
	}
	if !sv.cfg.NoResume && !r.full && !r.call.s.oneShot {
		if sv.find(); sv.have > 0 && sv.meta.same(newMeta(sv.url, r)) {
			r.Close() // the rest is asked for
			return sv.saveURL(ctx)
		}
	}
	sv.have, sv.total = 0, total
	return sv.take(ctx, r, v)
}

// find looks for an unfinished file of the URL that can be continued.
func (sv *saver) find() {
	for _, name := range sv.candidates() {
		meta, err := readMeta(sv.dir.root, name+metaSuffix)
		if err != nil || meta.URL != sv.url || meta.validator() == "" {
			continue
		}
		info, err := sv.dir.root.Lstat(name + partSuffix)
		if err == nil && info.Mode().IsRegular() && sv.claim(name) {
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
// another version of it.
func (sv *saver) request(ctx context.Context) (*Response, rangeVerdict, error) {
	for {
		span := ""
		if sv.have > 0 {
			span = strconv.FormatInt(sv.have, 10) + "-"
		}
		r, err := sv.ask(ctx, rangeOption(span, sv.meta.validator()))
		if err != nil {
			return nil, 0, err
		}
		v, total, err := judge(r, sv.have, sv.meta)
		if err != nil {
			r.Close() // the error that counts is known
			return nil, 0, err
		}
		if v != askAgain {
			sv.total = total
			return r, v, nil
		}
		r.Close() // nobody wants it
		sv.have = 0
	}
}

// take makes the file of a response.
func (sv *saver) take(ctx context.Context, r *Response, v rangeVerdict) (Saved, error) {
	var err error
	if v == fromStart {
		err = sv.restart(r)
	} else {
		err = sv.goOn()
	}
	if err != nil {
		return Saved{}, err
	}
	if err = sv.fill(ctx, r, v); err == errGap {
		return sv.closeGap(ctx)
	}
	if err == nil {
		err = sv.verify()
	}
	err = stderrors.Join(err, sv.part.Close())
	if err != nil {
		return Saved{}, sv.leave(err)
	}
	name, err := sv.publish()
	if err != nil {
		return Saved{}, err
	}
	return Saved{Path: sv.dir.path(name), Size: sv.have, Resumed: sv.had}, nil
}

// restart begins an unfinished file. The old bytes go before the new description
// comes, so that no description ever stands beside bytes of another version.
func (sv *saver) restart(r *Response) error {
	sv.have, sv.had = 0, 0
	var err error
	switch {
	case sv.name != "":
		sv.part, err = sv.dir.create(sv.name)
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

// receive appends the body to the part.
func (sv *saver) receive(ctx context.Context, r *Response) error {
	stop := context.AfterFunc(ctx, func() { r.Close() })
	defer stop()
	var dst io.Writer = sv.part
	if sv.cfg.Progress != nil {
		dst = &savedBytes{sv}
	}
	n, err := io.Copy(dst, r.source())
	if sv.cfg.Progress == nil {
		sv.have += n
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return httprule.ContextError(ctx)
	case err == nil && sv.total >= 0 && sv.have != sv.total:
		return lengthError(sv.have, sv.total)
	}
	return err
}

// savedBytes writes to the part and reports it.
type savedBytes struct{ sv *saver }

func (w *savedBytes) Write(p []byte) (int, error) {
	n, err := w.sv.part.Write(p)
	w.sv.have += int64(n)
	w.sv.cfg.Progress(w.sv.have, w.sv.total)
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
	return sv.part.Sync()
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
	return stderrors.Join(err, sv.dir.discard(sv.name))
}

// keeps reports whether a later call can go on with what is there.
func (sv *saver) keeps() bool {
	return sv.have > 0 && sv.meta.validator() != "" && !sv.cfg.NoResume && !tooLong(sv.have, sv.total)
}

// tooLong reports whether a file is longer than it should be.
func tooLong(have, total int64) bool { return total >= 0 && have > total }

package session

import (
	"context"
	stderrors "errors"
	"io"
	"os"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
)

// saver is one call of Save at work.
type saver struct {
	cfg  SaveConfig
	url  string // asked for first
	ask  func(ctx context.Context, extra Option) (*Response, error)
	dir  saveDir
	name string // in dir; empty until a response has given one
	// named says that the caller gave the name.
	named bool

	part  *os.File
	meta  partMeta
	have  int64 // bytes of the part that count
	had   int64 // of them, what was there before
	total int64 // of the whole, or -1
	gap   bool  // parts came, and not all
}

func openSaver(cfg SaveConfig, url string) (*saver, error) {
	if (cfg.Hash == nil) != (cfg.Sum == nil) {
		return nil, &errors.InvalidRequestError{Field: "Save", Reason: "a hash and its sum belong together"}
	}
	sv := &saver{cfg: cfg, url: url, total: -1}
	var err error
	if sv.dir, sv.name, err = openSaveDir(cfg.Path); err != nil {
		return nil, err
	}
	sv.named = sv.name != ""
	if sv.cfg.NoReplace && sv.named && sv.dir.exists(sv.name) {
		sv.close()
		return nil, errExists(sv.dir.path(sv.name))
	}
	return sv, nil
}

func (sv *saver) close() { sv.dir.root.Close() }

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
	name := sv.name
	if name == "" {
		name = sv.dir.find(sv.url)
	}
	if name == "" {
		return
	}
	meta, err := readMeta(sv.dir.root, name+metaSuffix)
	if err != nil || meta.URL != sv.url || meta.validator() == "" {
		return
	}
	info, err := sv.dir.root.Lstat(name + partSuffix)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	sv.name, sv.meta, sv.have = name, meta, info.Size()
}

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
	switch n := sv.parallel(r, v); {
	case n > 1:
		if err = sv.receiveParts(ctx, r, n); err == errGap {
			return sv.closeGap(ctx)
		}
	case v != complete:
		err = sv.receive(ctx, r)
	}
	if err == nil {
		err = sv.verify()
	}
	err = stderrors.Join(err, sv.part.Close())
	if err != nil {
		return Saved{}, sv.leave(err)
	}
	name, err := sv.dir.publish(sv.name, sv.named, sv.cfg.NoReplace)
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
	if sv.name == "" {
		sv.name, sv.part, err = sv.dir.reserve(r.FileName())
	} else {
		sv.part, err = sv.dir.create(sv.name)
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
		return ctx.Err()
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
		if _, err := sv.part.Seek(0, io.SeekStart); err != nil {
			return err
		}
		h := sv.cfg.Hash()
		if _, err := io.Copy(h, sv.part); err != nil {
			return err
		}
		if err := sv.cfg.checkSum(h.Sum(nil)); err != nil {
			sv.meta = partMeta{} // there is nothing to go on with
			return err
		}
	}
	return sv.part.Sync()
}

// leave removes an unfinished file that no later call could go on with.
func (sv *saver) leave(err error) error {
	if sv.have > 0 && sv.meta.validator() != "" && !sv.cfg.NoResume && !tooLong(sv.have, sv.total) {
		return err
	}
	return stderrors.Join(err, sv.dir.discard(sv.name))
}

// tooLong reports whether a file is longer than it should be.
func tooLong(have, total int64) bool { return total >= 0 && have > total }

package resume

import (
	"context"
	"os"
	"slices"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/progress"
)

// Saver is one call of Save.
type Saver struct {
	cfg    Config
	dir    directory
	want   string // the name that Path gives, or empty
	name   string // in dir; empty until it is chosen
	strict bool   // no other name than want will do

	part *os.File
	lock *os.File // on the part; nil: none
	meta description

	size         int64  // of the part, as far as its bytes count and have no gap
	kept         []span // the bytes behind the first gap that count, in order
	resumedFrom  int64  // how many bytes there were when the call began
	end          int64  // its size when the body under way has come, or -1
	total        int64  // of the whole, or -1
	partsMissing bool   // something came, and not all
	short        int    // answers that brought little of what was missing
	meter        progress.Meter
	proposed     string // the name that the first answer gives; "": not asked for
}

// Open opens the directory. A name that cannot be had is an error at once, if Path
// gives it. What it returns serves one call, and is to be closed.
func Open(cfg Config) (*Saver, error) {
	if cfg.IfExists > Refuse {
		return nil, &errors.InvalidRequestError{Field: "SaveConfig.IfExists", Reason: "none of its values"}
	}
	sv := &Saver{cfg: cfg, end: -1, total: -1, meter: progress.NewMeter(cfg.Progress)}
	var err error
	if sv.dir, sv.want, err = cfg.openPath(); err != nil {
		return nil, err
	}
	if cfg.IfExists == Default {
		sv.cfg.IfExists = Number
		if sv.want != "" {
			sv.cfg.IfExists = Replace
		}
	}
	sv.strict = sv.want != "" && sv.cfg.IfExists == Refuse
	if sv.strict && sv.dir.exists(sv.want) {
		sv.Close()
		return nil, existsError(sv.dir.path(sv.want))
	}
	return sv, nil
}

// Close gives the lock back, and the directory unless that is the caller's.
func (sv *Saver) Close() {
	sv.unlockPart()
	if sv.cfg.Root == nil {
		sv.dir.root.Close()
	}
}

// Outcome is what the caller is told beside an error: what is left.
func (sv *Saver) Outcome(saved Saved, err error) Saved {
	if err == nil || sv.name == "" {
		return saved
	}
	return Saved{Path: sv.dir.path(sv.name), Size: sv.have(), Unfinished: sv.canResume()}
}

// SaveURL asks for the file, or for its rest, and saves it.
func (sv *Saver) SaveURL(ctx context.Context) (Saved, error) {
	if !sv.cfg.NoResume {
		sv.findUnfinished()
	}
	r, v, err := sv.requestMissing(ctx)
	if err != nil {
		return Saved{}, err
	}
	defer r.Call.Close()
	return sv.saveAnswer(ctx, r, v)
}

// SaveResponse saves a response that is there already, unless only the rest of
// it is wanted.
func (sv *Saver) SaveResponse(ctx context.Context, r *Response) (Saved, error) {
	stop := context.AfterFunc(ctx, r.Call.Close)
	sv.keepNamedCoding(r)
	stop()
	answer, err := classifyAnswer(r, 0, description{})
	if err != nil {
		return Saved{}, err
	}
	if !sv.cfg.NoResume && !r.Call.IsRead() && !r.Last {
		if sv.findUnfinished(); sv.size > 0 && sv.meta.isSameVersion(describe(sv.cfg.URL, r)) {
			r.Call.Close() // the rest is asked for
			return sv.SaveURL(ctx)
		}
	}
	sv.size, sv.kept = 0, nil
	sv.end, sv.total = answer.end, answer.total
	return sv.saveAnswer(ctx, r, answer.verdict)
}

// findUnfinished looks for an unfinished file of the URL that can be continued, and then
// for one of any URL under the name that Path gives, if that may be.
func (sv *Saver) findUnfinished() {
	isOfURL := func(m description) bool { return m.URL == sv.cfg.URL }
	if slices.ContainsFunc(sv.candidateNames(), func(name string) bool { return sv.adoptUnfinished(name, isOfURL) }) {
		return
	}
	if sv.cfg.AnyURL && sv.want != "" && sv.adoptUnfinished(sv.want, func(description) bool { return true }) {
		sv.meta.URL = sv.cfg.URL
	}
}

// adoptUnfinished makes an unfinished file the one to go on with, if it fits.
func (sv *Saver) adoptUnfinished(name string, fits func(description) bool) bool {
	read := func() (description, bool) {
		m, err := readDescription(sv.dir.root, name+descriptionSuffix)
		return m, err == nil && fits(m) && m.validator() != ""
	}
	if _, ok := read(); !ok {
		return false
	}
	info, err := sv.dir.root.Lstat(name + partSuffix)
	if err != nil || !info.Mode().IsRegular() || !sv.claimName(name) || sv.lockPart(name) != nil {
		return false
	}
	// With the lock, size and description are what they will be.
	if info, err = sv.dir.root.Lstat(name + partSuffix); err != nil {
		return false
	}
	meta, ok := read()
	if ok {
		sv.name, sv.meta = name, meta
		sv.readHave(info.Size())
	}
	return ok
}

// candidateNames are the names under which an unfinished file of the URL may be: that
// of Path, with a number too if it may have got one, or all that there are.
func (sv *Saver) candidateNames() []string {
	switch {
	case sv.want == "":
		return sv.dir.listUnfinished()
	case sv.strict || sv.cfg.IfExists == Replace:
		return []string{sv.want}
	}
	others := slices.DeleteFunc(sv.dir.listUnfinished(), func(name string) bool { return !isNumbered(name, sv.want) })
	return append([]string{sv.want}, others...)
}

func (sv *Saver) claimName(name string) bool { return sv.cfg.Claim == nil || sv.cfg.Claim(name) }

// requestMissing asks for the file, and once more without a range if the server has
// another version of it. Until the whole comes in its place, what is there counts.
func (sv *Saver) requestMissing(ctx context.Context) (*Response, rangeVerdict, error) {
	for size := sv.size; ; size = 0 {
		span := ""
		if size > 0 {
			if span = strconv.FormatInt(size, 10) + "-"; len(sv.kept) > 0 {
				span += strconv.FormatInt(sv.kept[0].start-1, 10)
			}
		}
		r, err := sv.cfg.Fetch(ctx, span, sv.meta.validator())
		if err != nil {
			return nil, 0, err
		}
		sv.keepNamedCoding(r)
		answer, err := classifyAnswer(r, size, sv.meta)
		if err != nil {
			r.Call.Close() // the error that counts is known
			return nil, 0, err
		}
		if answer.verdict == anotherFile {
			r.Call.Close() // nobody wants it
			continue
		}
		sv.end, sv.total = answer.end, answer.total
		if answer.verdict == restOfFile {
			sv.meta.Length = answer.total // every later answer has to agree
		}
		return r, answer.verdict, nil
	}
}

package jar

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// maxFile bounds what is read of a file, in bytes: 100,000 cookies take a quarter
// of it.
const maxFile = 128 << 20

// FileError is a file of cookies that cannot be read as one, or not all of it. The jar
// is as it was, unless the error is Partial. It is of the class [errors.ErrInvalidRequest] (Python: ValueError); its
// text never has what is in a cookie.
type FileError struct {
	Path   string // empty if it was read from an io.Reader
	Format string // "json" or "cookies.txt"
	Line   int    // from 1, the first that is bad; 0 if it is the file as a whole
	Reason string
	Err    error // the cause, or nil

	// Partial says that the bad lines were passed over, and that the others are in the
	// jar: the error can be taken for a warning.
	Partial bool
}

// Error is the place and the reason.
func (e *FileError) Error() string {
	text := "load cookies: "
	if e.Path != "" {
		text += strconv.Quote(e.Path) + ": "
	}
	text += e.Format + ": "
	if e.Line > 0 {
		text += "line " + strconv.Itoa(e.Line) + ": "
	}
	return text + e.Reason
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *FileError) Is(target error) bool { return errors.Is(errors.ErrInvalidRequest, target) }

// Save writes the jar to a file as JSON, in the layout of [Jar.WriteJSON]. The
// file is replaced in one step, so that it is complete whatever happens, and only
// its owner can read it (mode 0600). That needs a directory in which files can be made;
// what was there goes, be it read-only, of another mode or a symbolic link. Of two
// calls at the same time the last one counts. (aiohttp: CookieJar.save)
func (j *Jar) Save(path string) error { return saveFile(path, j.WriteJSON) }

// Load replaces the content of the jar by that of a file that [Jar.Save] or
// aiohttp wrote; see [Jar.ReadJSON]. If the file cannot be read, is cut or is
// damaged, the jar stays as it is. Its mode is not looked at. (aiohttp:
// CookieJar.load)
func (j *Jar) Load(path string) error { return loadFile(path, j.ReadJSON) }

// SaveNetscape writes the jar to a cookies.txt, in the way of [Jar.Save]; see
// [Jar.WriteNetscape].
func (j *Jar) SaveNetscape(path string) error { return saveFile(path, j.WriteNetscape) }

// LoadNetscape replaces the content of the jar by that of a cookies.txt; see
// [Jar.ReadNetscape]. If the file cannot be read, the jar stays as it is; of one with
// bad lines the others are read, and the error is a [*FileError] that is Partial. The
// format has no mark of its end: a file that is cut is read up to there, and its last
// value may be cut too.
func (j *Jar) LoadNetscape(path string) error { return loadFile(path, j.ReadNetscape) }

// saveFile writes beside the file, and then takes its place.
func saveFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".cookies-*") // with mode 0600
	if err != nil {
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			failed.Path = path // which is the one that the caller knows
		}
		return fmt.Errorf("save cookies: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("save cookies: %w", err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func loadFile(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load cookies: %w", err)
	}
	defer f.Close()
	err = read(f)
	if damaged, ok := errors.AsType[*FileError](err); ok {
		damaged.Path = path
	}
	return err
}

// readAll reads what is at most limit bytes long, and passes over a byte order mark.
func readAll(r io.Reader, format string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("load cookies: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, &FileError{Format: format, Reason: "longer than " + strconv.FormatInt(limit, 10) + " bytes"}
	}
	return charset.UTF8Bytes("", data), nil
}

// record is a cookie as a file has it.
type record struct {
	http.Cookie
	hostOnly bool
}

// replaceAll puts the cookies of a file into the place of those of the jar. Each has
// to pass the rules again, except those about where it came from.
func (j *Jar) replaceAll(records []record) {
	now := j.config.Now()
	fresh := newIndex()
	var rejections []rejection
	for i := range records {
		r := &records[i]
		e, reason := j.newEntry(&r.Cookie, &origin{}, now)
		if reason != "" {
			rejections = append(rejections, rejection{&r.Cookie, reason})
			continue
		}
		if e.isExpired(now) {
			continue
		}
		e.hostOnly = e.domain != "" && (e.hostOnly || r.hostOnly)
		fresh.put(e, now)
		rejections = fresh.evictOverLimits(&j.config, now, rejections)
	}
	j.mu.Lock()
	j.index = fresh
	j.count.Store(int64(len(fresh.byKey)))
	j.mu.Unlock()
	j.reportRejections(rejections)
}

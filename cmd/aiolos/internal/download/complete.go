package download

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// findRecorded finds the file that an earlier call has completed for the URL. One that
// does not have its checksum does not count.
func (t *transfer) findRecorded() (name string, size int64, ok bool) {
	d := t.f.Dir
	if d.record == nil || t.f.Conflict == Overwrite {
		return "", 0, false
	}
	name, size, ok = d.record.find(t.job.URL, t.job.Name)
	if !ok || !d.claimName(name) {
		return "", 0, false
	}
	return name, size, t.hasSum(name)
}

// hasSum reports whether a file has the checksum that it should have, if any is asked
// for.
func (t *transfer) hasSum(name string) bool {
	if t.wantSum(name, name) != nil {
		return false
	}
	f, err := t.f.Dir.root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return t.sum.checkReader(f) == nil
}

// isComplete reports whether Continue finds a file under the wanted name that has the
// length and the date of what is about to come. One of the same length whose date tells
// nothing, because the server gives none or the file has a time of its own (--no-mtime),
// is complete if it has the checksum that is asked for. Without one it is a twin: what
// comes will be compared with it.
//
//	length   date      checksum   the file is
//	other                         another one
//	same     same      none, ok   complete
//	same     none, other   ok     complete
//	same     none, other   none   a twin; complete if it has the same bytes
//	same               wrong      another one
func (t *transfer) isComplete(r *session.Response, at session.Saved, total int64) bool {
	t.twin = ""
	if t.f.Conflict != Continue || at.Size > 0 || total < 0 {
		return false
	}
	t.chosenName = t.wantedName(r.Header.Get("Content-Disposition"))
	info, err := t.f.Dir.root.Lstat(t.chosenName)
	if err != nil || !info.Mode().IsRegular() || info.Size() != total {
		return false
	}
	t.known = total
	if !t.hasSum(t.chosenName) {
		return false
	}
	if !t.sum.IsZero() || !t.modified.IsZero() && info.ModTime().Truncate(time.Second).Equal(t.modified) {
		return true
	}
	t.twin = t.chosenName
	return false
}

// compareTwin returns errComplete if the twin has the same bytes.
func (t *transfer) compareTwin(file io.Reader) error {
	twin, err := t.f.Dir.root.Open(t.twin)
	if err != nil {
		return nil // it is gone, and there is nothing to compare with
	}
	defer twin.Close()
	old, now := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(file, now)
		m, _ := io.ReadFull(twin, old) // what it lacks is another length
		switch {
		case !bytes.Equal(now[:n], old[:m]):
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errComplete
		case err != nil:
			return err
		}
	}
}

// continuedName is the name of an unfinished file that Continue goes on with, or "".
func (t *transfer) continuedName() string {
	if name := t.wantedName(""); t.f.Conflict == Continue && t.f.Dir.hasFile(name+".part.json") {
		return name
	}
	return ""
}

// isPartInTheWay reports whether the file got a number because of a part of another URL.
func (t *transfer) isPartInTheWay() bool {
	want := cmp.Or(t.chosenName, t.job.Name)
	return want != "" && t.name != want && !t.f.Dir.hasFile(want) && t.f.Dir.hasFile(want+".part.json")
}

// finishFile gives a complete file its time, and notes that it is complete.
func (t *transfer) finishFile() error {
	var err error
	root := t.f.Dir.root
	if !t.f.NoTimes && !t.modified.IsZero() {
		err = root.Chtimes(t.name, time.Time{}, t.modified)
		if errors.Is(err, os.ErrPermission) {
			err = nil // a file system without times
		}
	}
	if t.f.Dir.record != nil {
		err = errors.Join(err, t.f.Dir.record.add(t.job.URL, t.job.Name, t.name))
	}
	return err
}

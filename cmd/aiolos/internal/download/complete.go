package download

import (
	"cmp"
	"errors"
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
// length and, as far as the server gives one, the date of what is about to come.
func (t *transfer) isComplete(r *session.Response, at session.Saved, total int64) bool {
	if t.f.Conflict != Continue || at.Size > 0 || total < 0 {
		return false
	}
	t.chosenName = t.wantedName(r.Header.Get("Content-Disposition"))
	info, err := t.f.Dir.root.Lstat(t.chosenName)
	if err != nil || !info.Mode().IsRegular() || info.Size() != total {
		return false
	}
	if !t.modified.IsZero() && !info.ModTime().Truncate(time.Second).Equal(t.modified) {
		return false
	}
	t.known = total
	return t.hasSum(t.chosenName)
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

package resume

import (
	stderrors "errors"
	"io/fs"
	"os"

	"github.com/aiolos-http/aiolos/errors"
)

// Two calls must not write one part, nor one take away what the other writes: what
// got the file's name might then be neither's. So a call holds a lock on its part from
// when it opens it until the file has its name. The lock goes with the process. Where
// a system or a file system has none, callers have to keep apart themselves.

// ErrBusy is a part that another call is writing: session.ErrSaveBusy.
var ErrBusy error = &errors.InvalidRequestError{Field: "Save", Reason: "another call is saving this file"}

// lockPart locks name's part, and keeps the lock in the place of the one before. The
// part must be there.
func (sv *Saver) lockPart(name string) error {
	f, err := sv.openAndLock(name)
	if err != nil {
		return err
	}
	sv.unlockPart()
	sv.lock = f
	return nil
}

// openAndLock opens name's part and locks it, unless that is done. It is nil if there
// are no locks.
func (sv *Saver) openAndLock(name string) (*os.File, error) {
	if !HasLocks {
		return nil, nil //nolint:nilnil // there is no lock to keep
	}
	f, err := sv.dir.root.Open(name + partSuffix)
	if err != nil {
		return nil, err
	}
	if sv.lock != nil && sameFile(sv.lock, f) {
		f.Close()
		f, sv.lock = sv.lock, nil
		return f, nil
	}
	// Who had the lock may have moved the file away, or removed it.
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, ErrBusy
	}
	if !sv.isCurrentPart(name, f) {
		unlockFile(f)
		f.Close()
		return nil, ErrBusy
	}
	return f, nil
}

func (sv *Saver) unlockPart() {
	if sv.lock != nil {
		unlockFile(sv.lock)
		sv.lock.Close()
		sv.lock = nil
	}
}

// isCurrentPart reports whether name's part is this very file.
func (sv *Saver) isCurrentPart(name string, f *os.File) bool {
	there, err := sv.dir.root.Lstat(name + partSuffix)
	info, openErr := f.Stat()
	return err == nil && openErr == nil && os.SameFile(there, info)
}

func sameFile(a, b *os.File) bool {
	infoA, errA := a.Stat()
	infoB, errB := b.Stat()
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// replacePart makes a fresh part, in the place of whatever is there and is nobody's. Only who
// has a part locked removes it: where there was none a moment ago, another call's may be now.
func (sv *Saver) replacePart(name string) (*os.File, error) {
	info, err := sv.dir.root.Lstat(name + partSuffix)
	if err == nil && info.Mode().IsRegular() {
		var old *os.File
		if old, err = sv.openAndLock(name); old != nil {
			defer old.Close() // once it is gone
		}
	}
	free := stderrors.Is(err, fs.ErrNotExist)
	if err == nil {
		err = sv.dir.removePart(name)
	}
	if err != nil && !free {
		return nil, err
	}
	f, err := sv.createNewPart(name)
	if stderrors.Is(err, fs.ErrExist) {
		return nil, ErrBusy // it has come just now
	}
	if err == nil && free {
		if err = sv.dir.removeDescription(name); err != nil { // of a part that is gone
			f.Close() // the error that counts is known
		}
	}
	return f, err
}

// createNewPart makes a part where there is none, and locks it.
func (sv *Saver) createNewPart(name string) (*os.File, error) {
	f, err := sv.dir.root.OpenFile(name+partSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if err = sv.lockPart(name); err == nil && sv.lock != nil && !sameFile(sv.lock, f) {
		sv.unlockPart()
		err = ErrBusy
	}
	if err != nil {
		f.Close() // the error that counts is known
		return nil, err
	}
	return f, nil
}

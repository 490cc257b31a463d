//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package resume

import (
	"os"
	"syscall"
)

// HasLocks says whether two calls for one file see each other.
const HasLocks = true

// lockFile locks a file, or fails at once if somebody else has. A file system
// without locks is no error.
func lockFile(f *os.File) error { return flock(f, syscall.LOCK_EX|syscall.LOCK_NB) }

// unlockFile is to come before Close: a process that is about to be started has the
// descriptor too, until it runs its program.
func unlockFile(f *os.File) { _ = flock(f, syscall.LOCK_UN) } // Close does it otherwise

func flock(f *os.File, how int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	if err := raw.Control(func(fd uintptr) {
		locked = syscall.Flock(int(fd), how)
	}); err != nil {
		return err
	}
	if locked == syscall.EWOULDBLOCK {
		return locked
	}
	return nil
}

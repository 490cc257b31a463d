// Package atomicfile replaces files as a whole.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace has write fill a new file beside the one with the name, which then takes its
// place. Until then, and if something fails, an older one stays as it is. The new file
// has the mode perm, as far as the umask lets it. Errors name the file that was asked
// for.
func Replace(name string, perm fs.FileMode, write func(*os.File) error) error {
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text()[:8]+".tmp")
	of := func(err error) error { return nameFile(err, temp, name) }
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return of(err)
	}
	if err = errors.Join(of(write(f)), of(f.Close())); err == nil {
		err = of(os.Rename(temp, name))
	}
	if err != nil {
		return errors.Join(err, of(os.Remove(temp)))
	}
	return nil
}

// nameFile has an error of the system name the file that the user knows.
func nameFile(err error, temp, name string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path == temp {
		e.Path = name
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok && e.Old == temp {
		return &fs.PathError{Op: "replace", Path: name, Err: e.Err}
	}
	return err
}

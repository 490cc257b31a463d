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
// has the mode perm, as far as the umask lets it. Of a symbolic link the file behind it
// is replaced, and what is no regular file, such as a device or a pipe, is written to as
// it is. Errors name the file that was asked for.
func Replace(name string, perm fs.FileMode, write func(*os.File) error) error {
	target := name
	if behind, err := filepath.EvalSymlinks(name); err == nil {
		target = behind
	}
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return nameFile(writeInPlace(target, write), target, name)
	}
	temp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+rand.Text()[:8]+".tmp")
	of := func(err error) error { return nameFile(err, temp, name) }
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return of(err)
	}
	if err = errors.Join(of(write(f)), of(f.Close())); err == nil {
		err = of(os.Rename(temp, target))
	}
	if err != nil {
		return errors.Join(err, of(os.Remove(temp)))
	}
	return nil
}

// writeInPlace writes to what is not a regular file: to put one in its place would take
// the device away. Of a directory it is the error that it is one.
func writeInPlace(name string, write func(*os.File) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
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

package exchange

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// saveToFile writes the body to the file of -o. A file that exists is replaced only
// when the body is complete.
func (s *Sender) saveToFile(body io.Reader) (n int64, err error) {
	name := s.Output
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	old, statErr := os.Stat(name)
	if statErr == nil && !old.Mode().IsRegular() {
		return s.writeToDevice(name, body)
	}
	temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d.tmp", filepath.Base(name), os.Getpid()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the user names the file
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	n, err = io.Copy(f, body)
	if statErr == nil {
		err = errors.Join(err, f.Chmod(old.Mode().Perm()))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return n, err
	}
	if err = os.Rename(temp, name); err != nil {
		return n, err
	}
	s.App.Notice("%s saved to %s", render.Bytes(n), render.Line(s.Output))
	return n, nil
}

// writeToDevice writes to what is not a regular file: /dev/null, a pipe.
func (s *Sender) writeToDevice(name string, body io.Reader) (int64, error) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, body)
	return n, errors.Join(err, f.Close())
}

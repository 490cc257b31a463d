package exchange

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
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
	err = atomicfile.Replace(name, 0o666, func(f *os.File) error {
		if n, err = io.Copy(f, body); statErr == nil {
			err = errors.Join(err, f.Chmod(old.Mode().Perm()))
		}
		return err
	})
	if err != nil {
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

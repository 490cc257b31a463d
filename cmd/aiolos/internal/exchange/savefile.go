package exchange

import (
	"errors"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// saveToFile writes the body to the file of -o. A file that exists is replaced only
// when the body is complete, and keeps its mode.
func (s *Sender) saveToFile(body io.Reader) (n int64, err error) {
	old, statErr := os.Stat(s.Output)
	regular := statErr == nil && old.Mode().IsRegular()
	err = atomicfile.Replace(s.Output, 0o666, func(f *os.File) error {
		if n, err = io.Copy(f, body); regular {
			err = errors.Join(err, f.Chmod(old.Mode().Perm()))
		}
		return err
	})
	if err != nil {
		return n, err
	}
	if statErr != nil || regular {
		s.App.Notice("%s saved to %s", render.Bytes(n), render.Line(s.Output))
	}
	return n, nil
}

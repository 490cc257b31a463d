package exchange

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// OpenBody opens the whole body.
func (s *Sender) OpenBody(name string) (io.Reader, io.Closer, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, nil, errors.Join(fmt.Errorf("%s is a directory", name), f.Close())
		}
		return f, f, nil
	}
	if s.App.InTTY {
		s.App.Notice("reading the body from the terminal, up to its end (ctrl-D)")
	}
	return s.App.In, nil, nil
}

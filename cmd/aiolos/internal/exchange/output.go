package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// writeBody reads the body to its end, to where it belongs, and returns its length.
func (s *Sender) writeBody(resp *session.Response, shown bool) (int64, error) {
	switch {
	case resp.StatusCode >= 400 && (s.NoErrorPage || s.KeepFile && s.CheckStatus && !s.NoCheck && s.writesFile()):
		if s.writesFile() {
			s.App.Notice("%s is not written: the answer is an error; --fail-with-body saves it", render.Line(s.Output))
		}
		return 0, nil
	case s.writesFile():
		return s.saveToFile(resp.Body)
	case !shown:
		return io.Copy(io.Discard, resp.Body)
	case s.App.OutTTY && s.Output != "-":
		return s.writeToTerminal(resp.Body)
	}
	return io.Copy(s.App.Out, resp.Body)
}

// writeToTerminal shows a text. Bytes that are none are not shown at all.
func (s *Sender) writeToTerminal(body io.Reader) (int64, error) {
	in := bufio.NewReader(body)
	// An error comes back when the bytes are read.
	start, _ := in.Peek(1024)
	if bytes.IndexByte(start, 0) >= 0 {
		n, err := io.Copy(io.Discard, in)
		if err == nil {
			s.App.Notice("%s of binary data not shown; -o FILE saves it", render.Bytes(n))
		}
		return n, err
	}
	out := render.NewEscaper(s.App.Out)
	last := &lastByte{w: out}
	n, err := io.Copy(last, in)
	err = errors.Join(err, out.Close())
	if n > 0 && last.b != '\n' && err == nil {
		_, err = io.WriteString(s.App.Out, "\n")
	}
	return n, err
}

// lastByte remembers the last byte that went through.
type lastByte struct {
	w io.Writer
	b byte
}

// Write implements io.Writer.
func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.b = p[len(p)-1]
	}
	return l.w.Write(p)
}

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

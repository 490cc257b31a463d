package form

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// source reads what a part was given, and holds it to the number of bytes that was
// announced.
type source struct {
	label string
	r     io.Reader
	c     io.Closer // nil: the caller's to close
	want  int64     // -1: whatever comes
	got   int64
	exact bool // a byte more is an error; otherwise it is not looked for
}

func (s *source) Read(p []byte) (int, error) {
	if s.want < 0 {
		n, err := s.r.Read(p)
		return n, s.readError(err)
	}
	if s.got >= s.want {
		return 0, s.finalError()
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.want-s.got)])
	s.got += int64(n)
	if err == io.EOF && s.got < s.want {
		return n, &SizeError{Part: s.label, Expected: s.want, Received: s.got}
	}
	if err == io.EOF {
		err = nil // the next Read looks for more
	}
	return n, s.readError(err)
}

// finalError is the error after the last byte that was announced; if one more follows, a
// [SizeError].
func (s *source) finalError() error {
	if !s.exact {
		return io.EOF
	}
	var one [1]byte
	n, err := io.ReadFull(s.r, one[:])
	if n > 0 {
		s.got++
		return &SizeError{Part: s.label, Expected: s.want, Received: s.got}
	}
	return s.readError(err)
}

func (s *source) readError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("%s: read: %w", s.label, err)
}

// Close closes what was opened for this sending. It may be called while Read is
// at work, and again.
func (s *source) Close() error {
	if s.c == nil {
		return nil
	}
	return s.c.Close()
}

// readerContent is how r is read: in place, again and again, or once. It looks
// at r now, because a part begins where its reader stands when it is given. A
// size of -1 is all that r has.
func readerContent(label string, r io.Reader, size int64) (payload, error) {
	switch r := r.(type) {
	case nil:
		return nil, invalidPart(label, "nil reader", nil)
	case *os.File:
		return fileContent(label, r, size)
	case *bytes.Buffer:
		return seekerContent(label, bytes.NewReader(r.Bytes()), size)
	case io.ReadSeeker:
		return seekerContent(label, r, size)
	}
	return &stream{label: label, r: r, n: size}, nil
}

func fileContent(label string, f *os.File, size int64) (payload, error) {
	if f == nil {
		return nil, invalidPart(label, "nil file", nil)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, invalidPart(label, "file cannot be read", err)
	}
	if info.IsDir() {
		return nil, invalidPart(label, "file is a directory", nil)
	}
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil || !info.Mode().IsRegular() {
		return &stream{label: label, r: f, n: size}, nil //nolint:nilerr // a pipe has no position
	}
	return &section{label: label, f: f, start: start, limit: size}, nil
}

func seekerContent(label string, r io.ReadSeeker, size int64) (payload, error) {
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return &stream{label: label, r: r, n: size}, nil //nolint:nilerr // it cannot seek after all
	}
	if size >= 0 {
		return &seeker{label: label, r: r, start: start, n: size}, nil
	}
	end, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(start, io.SeekStart)
	}
	if err != nil {
		return nil, invalidPart(label, "cannot seek", err)
	}
	return &seeker{label: label, r: r, start: start, n: max(end-start, 0), exact: true}, nil
}

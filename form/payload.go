package form

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// payload is the content of a part.
type payload interface {
	size() (int64, error) // -1: not known
	open() (io.ReadCloser, error)
	isReplayable() bool
}

// memory is content that is there.
type memory []byte

func (m memory) size() (int64, error)         { return int64(len(m)), nil }
func (m memory) open() (io.ReadCloser, error) { return memoryReader{bytes.NewReader(m)}, nil }
func (m memory) isReplayable() bool           { return true }

// memoryReader keeps WriteTo, unlike io.NopCloser of a narrower type.
type memoryReader struct{ *bytes.Reader }

func (memoryReader) Close() error { return nil }

// announced is the size that a file was last said to have. What is opened must
// agree with it, or Content-Length would be a lie.
type announced struct{ plusOne atomic.Int64 }

func (a *announced) setSize(n int64) { a.plusOne.Store(n + 1) }

func (a *announced) checkSize(label string, n int64) error {
	if want := a.plusOne.Load() - 1; want >= 0 && want != n {
		return &SizeError{Part: label, Expected: want, Received: n}
	}
	return nil
}

// pathFile is a file that is opened for each sending.
type pathFile struct {
	label, path string
	told        announced
	used        atomic.Bool // of what is no regular file
}

func (p *pathFile) checkInfo(info fs.FileInfo, err error) (regular bool, fault error) {
	if err != nil {
		return false, invalidPart(p.label, "file cannot be read", err)
	}
	if info.IsDir() {
		return false, invalidPart(p.label, "file is a directory", nil)
	}
	return info.Mode().IsRegular(), nil
}

func (p *pathFile) size() (int64, error) {
	info, err := os.Stat(p.path)
	regular, err := p.checkInfo(info, err)
	if err != nil || !regular {
		return -1, err
	}
	p.told.setSize(info.Size())
	return info.Size(), nil
}

func (p *pathFile) open() (io.ReadCloser, error) {
	f, err := os.Open(p.path)
	if err != nil {
		return nil, invalidPart(p.label, "file cannot be read", err)
	}
	r, err := p.sourceOf(f)
	if err != nil {
		return nil, oneline.Join(err, f.Close())
	}
	return r, nil
}

func (p *pathFile) sourceOf(f *os.File) (io.ReadCloser, error) {
	info, err := f.Stat()
	regular, err := p.checkInfo(info, err)
	if err != nil {
		return nil, err
	}
	if regular {
		r := &source{label: p.label, r: f, c: f, want: info.Size(), exact: true}
		return r, p.told.checkSize(p.label, info.Size())
	}
	if p.used.Swap(true) {
		return nil, notReplayable(p.label)
	}
	return &source{label: p.label, r: f, c: f, want: -1}, nil
}

// isReplayable is true for a file that is not there: that is for open to say.
func (p *pathFile) isReplayable() bool {
	info, err := os.Stat(p.path)
	return err != nil || info.Mode().IsRegular()
}

// section is what a file of the caller's has from where it stood. It is read
// without moving the file.
type section struct {
	label string
	f     *os.File
	start int64
	limit int64 // of the caller's; -1: to the end
	told  announced
}

func (s *section) sizeFromStart() (int64, error) {
	info, err := s.f.Stat()
	if err != nil {
		return 0, invalidPart(s.label, "file cannot be read", err)
	}
	return max(info.Size()-s.start, 0), nil
}

func (s *section) size() (int64, error) {
	if s.limit >= 0 {
		return s.limit, nil
	}
	n, err := s.sizeFromStart()
	if err != nil {
		return 0, err
	}
	s.told.setSize(n)
	return n, nil
}

func (s *section) open() (io.ReadCloser, error) {
	if s.limit >= 0 {
		return &source{label: s.label, r: io.NewSectionReader(s.f, s.start, s.limit), want: s.limit}, nil
	}
	n, err := s.sizeFromStart()
	if err != nil {
		return nil, err
	}
	if err := s.told.checkSize(s.label, n); err != nil {
		return nil, err
	}
	// One byte more than there should be, so that growth is seen.
	return &source{label: s.label, r: io.NewSectionReader(s.f, s.start, n+1), want: n, exact: true}, nil
}

func (s *section) isReplayable() bool { return true }

// seeker is a reader that can go back to where it stood.
type seeker struct {
	label string
	r     io.ReadSeeker
	start int64
	n     int64
	exact bool
}

func (s *seeker) size() (int64, error) { return s.n, nil }
func (s *seeker) isReplayable() bool   { return true }

func (s *seeker) open() (io.ReadCloser, error) {
	if _, err := s.r.Seek(s.start, io.SeekStart); err != nil {
		return nil, invalidPart(s.label, "cannot seek", err)
	}
	return &source{label: s.label, r: s.r, want: s.n, exact: s.exact}, nil
}

// stream is a reader that can be read once.
type stream struct {
	label string
	r     io.Reader
	n     int64
	used  atomic.Bool
}

func (s *stream) size() (int64, error) { return s.n, nil }
func (s *stream) isReplayable() bool   { return false }

func (s *stream) open() (io.ReadCloser, error) {
	if s.used.Swap(true) {
		return nil, notReplayable(s.label)
	}
	return &source{label: s.label, r: s.r, want: s.n}, nil
}

func notReplayable(label string) error {
	return &errors.BodyNotReplayableError{Reason: label + " was read from a stream"}
}

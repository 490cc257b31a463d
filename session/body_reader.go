package session

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Body sends what r has from its present position, when Body is called, to its
// end. Two requests must not send the same r at the same time; a request whose
// answer came early may still be sending for a while.
//
// The length is known, and the body can be sent again after a redirect, if r is
// a regular *os.File, a *bytes.Buffer, or any [io.Seeker]; it is sent in
// chunks, and once, otherwise. A file stays open, and is sent without copying
// it through user space where the system can; any other [io.Closer] is closed
// when the request is over. (aiohttp: data with a file or a StreamReader)
func Body(r io.Reader) Option {
	b, err := readerBody(r)
	return bodyOption("Body", []string{fmt.Sprintf("%T", r)}, func() (*bodySource, error) { return b, err })
}

func readerBody(r io.Reader) (*bodySource, error) {
	switch r := r.(type) {
	case nil:
		return nil, &errors.InvalidRequestError{Field: "Body", Reason: "nil reader"}
	case *bytes.Buffer:
		return memoryBody(r.Bytes(), octetStream), nil
	case *bytes.Reader:
		now := *r
		return copiedBody(r.Len(), func() io.Reader { c := now; return &c }), nil
	case *strings.Reader:
		now := *r
		return copiedBody(r.Len(), func() io.Reader { c := now; return &c }), nil
	case *os.File:
		return fileBody(r)
	case io.ReadSeeker:
		return seekerBody(r)
	}
	return onceBody(closerOf(r), octetStream), nil
}

func closerOf(r io.Reader) io.ReadCloser {
	if rc, ok := r.(io.ReadCloser); ok {
		return rc
	}
	return io.NopCloser(r)
}

// copiedBody is a reader of memory. Each sending has a copy of it, as net/http's
// GetBody makes them: an answer can come before net/http has read a body to its
// end, and the next sending begin.
func copiedBody(length int, again func() io.Reader) *bodySource {
	return &bodySource{
		open: func() (io.ReadCloser, error) {
			if length == 0 {
				return http.NoBody, nil
			}
			return io.NopCloser(again()), nil
		},
		length: int64(length), contentType: octetStream,
	}
}

// seekBounds returns the present position of s, and its end.
func seekBounds(s io.Seeker) (start, end int64, seeks bool, err error) {
	if start, err = s.Seek(0, io.SeekCurrent); err != nil {
		return 0, 0, false, nil //nolint:nilerr // it cannot seek after all
	}
	if end, err = s.Seek(0, io.SeekEnd); err == nil {
		_, err = s.Seek(start, io.SeekStart)
	}
	if err != nil {
		return 0, 0, true, &errors.InvalidRequestError{Field: "Body", Reason: "cannot seek", Err: err}
	}
	return start, max(start, end), true, nil
}

// fileBody is a file. The first sending has the file itself, for the system to
// send it; later ones read at a position of their own, because the first may still
// be under way.
func fileBody(f *os.File) (*bodySource, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, &errors.InvalidRequestError{Field: "Body", Reason: "file cannot be read", Err: err}
	}
	contentType := cmp.Or(httprule.TypeByName(f.Name()), octetStream)
	if !info.Mode().IsRegular() {
		return onceBody(io.NopCloser(f), contentType), nil
	}
	start, end, seeks, err := seekBounds(f)
	if err != nil {
		return nil, err
	}
	if !seeks {
		return onceBody(io.NopCloser(f), contentType), nil
	}
	var used atomic.Bool
	open := func() (io.ReadCloser, error) {
		switch now, err := f.Stat(); {
		case err != nil:
			return nil, &errors.InvalidRequestError{Field: "Body", Reason: "file cannot be read", Err: err}
		case now.Size() < end:
			return nil, &errors.InvalidRequestError{Field: "Body", Reason: "file is shorter than it was"}
		case end == start:
			return http.NoBody, nil
		case used.Swap(true):
			return io.NopCloser(io.NewSectionReader(f, start, end-start)), nil
		}
		if _, err := f.Seek(start, io.SeekStart); err != nil {
			return nil, err
		}
		return io.NopCloser(f), nil
	}
	return &bodySource{open: open, length: end - start, contentType: contentType}, nil
}

// seekerBody is a body that goes back to its start. It is closed, if it can be,
// when the call is over and net/http has done with it.
func seekerBody(r io.ReadSeeker) (*bodySource, error) {
	start, end, seeks, err := seekBounds(r)
	if err != nil {
		return nil, err
	}
	if !seeks {
		return onceBody(closerOf(r), octetStream), nil
	}
	s := &seeker{src: r, start: start}
	if c, ok := r.(io.Closer); ok {
		s.closer = c
	}
	open := func() (io.ReadCloser, error) {
		if end == start {
			return http.NoBody, nil
		}
		return s.beginSending()
	}
	return &bodySource{
		open: open, length: end - start, contentType: octetStream, closes: s.closer != nil, discard: s.finishCall, finish: s.finishCall,
	}, nil
}

// seeker gives a reader to several sendings, one after the other. A sending whose turn
// is over reads nothing more, so that it takes no bytes from the next.
type seeker struct {
	src    io.ReadSeeker
	closer io.Closer // src, or nil
	start  int64

	reading sync.Mutex // held while src is used
	mu      sync.Mutex // guards what follows, never for long
	turn    int        // the number of the sending
	active  bool       // the present sending was not closed
	over    bool       // there will be no other sending
	closed  bool
}

func (s *seeker) beginSending() (io.ReadCloser, error) {
	s.mu.Lock()
	closed := s.closed
	s.turn++
	turn := s.turn
	s.active = !closed
	s.mu.Unlock()
	if closed {
		return nil, &errors.BodyNotReplayableError{Reason: "it was closed after a request"}
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if _, err := s.src.Seek(s.start, io.SeekStart); err != nil {
		s.endSending(turn)
		return nil, err
	}
	return &sending{s, turn}, nil
}

func (s *seeker) isTurn(turn int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active && s.turn == turn
}

// endSending ends a sending.
func (s *seeker) endSending(turn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turn == turn {
		s.active = false
	}
	s.closeIfUnused()
}

// finishCall says that the call is over.
func (s *seeker) finishCall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.closeIfUnused()
}

func (s *seeker) closeIfUnused() {
	if s.over && !s.active && !s.closed && s.closer != nil {
		s.closed = true
		s.closer.Close() // nobody waits for its error
	}
}

// sending is one turn of a seeker.
type sending struct {
	s    *seeker
	turn int
}

func (b *sending) Read(p []byte) (int, error) {
	b.s.reading.Lock()
	defer b.s.reading.Unlock()
	if !b.s.isTurn(b.turn) {
		return 0, os.ErrClosed
	}
	return b.s.src.Read(p)
}

func (b *sending) Close() error {
	b.s.endSending(b.turn)
	return nil
}

func onceBody(rc io.ReadCloser, contentType string) *bodySource {
	used := false
	return &bodySource{
		open: func() (io.ReadCloser, error) {
			if used {
				return nil, &errors.BodyNotReplayableError{Reason: "it was read from a stream"}
			}
			used = true
			return rc, nil
		},
		length: -1, contentType: contentType, once: true,
		discard: func() { rc.Close() }, // nobody waits for its error
	}
}

package session

import (
	"io"
	"iter"
	"os"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
)

// Stream sends the chunks that seq yields, as they come. An error that it
// yields fails the request. The chunks may be reused by seq once it goes on. It
// is sent once: a redirect that asks for it again is an error.
// (aiohttp: data with an async iterator)
func Stream(seq iter.Seq2[[]byte, error]) Option {
	return bodyOption("Stream", []string{"seq"}, func() (*bodySource, error) {
		if seq == nil {
			return nil, &errors.InvalidRequestError{Field: "Stream", Reason: "nil sequence"}
		}
		return onceBody(newSeqReader(seq), octetStream), nil
	})
}

// seqReader reads from an iterator. Close does not wait for a Read that is under way:
// that Read stops the iterator before it returns.
type seqReader struct {
	seq    iter.Seq2[[]byte, error]
	mu     sync.Mutex // held by Read
	next   func() ([]byte, error, bool)
	stop   func() // nil until seq has begun
	rest   []byte
	err    error
	closed chan struct{}
	once   sync.Once
}

func newSeqReader(seq iter.Seq2[[]byte, error]) *seqReader {
	return &seqReader{seq: seq, closed: make(chan struct{})}
}

func (s *seqReader) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

func (s *seqReader) Read(p []byte) (int, error) {
	n, err := s.readLocked(p)
	if s.isClosed() { // perhaps since the last look, by a Close that did not wait
		s.tryStop()
	}
	return n, err
}

func (s *seqReader) readLocked(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.rest) == 0 && s.err == nil {
		if s.isClosed() {
			s.err = os.ErrClosed
			break
		}
		if s.next == nil {
			s.next, s.stop = iter.Pull2(s.seq)
		}
		chunk, err, ok := s.next()
		switch {
		case !ok:
			s.err = io.EOF
		case err != nil:
			s.err = err
		default:
			s.rest = chunk
		}
	}
	if s.err != nil {
		s.stopIterator()
	}
	if len(s.rest) == 0 {
		return 0, s.err
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *seqReader) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.tryStop()
	return nil
}

// tryStop stops the iterator, unless a Read is under way, which then does it.
func (s *seqReader) tryStop() {
	if s.mu.TryLock() {
		s.stopIterator()
		s.mu.Unlock()
	}
}

func (s *seqReader) stopIterator() {
	if s.stop != nil {
		s.stop()
	}
}

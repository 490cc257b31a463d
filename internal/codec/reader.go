package codec

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/copybuf"
)

// maxEmpty bounds the gzip members in a row that decode to nothing, so that a
// Read does not work for ever without a result.
const maxEmpty = 1024

// maxPadding bounds what may stand behind the data to fill a block.
const maxPadding = 1 << 20

var (
	errTrailing     = errors.New("data after the end of the encoded body")
	errTrailingGzip = errors.New("data after the end of the gzip stream")
	errEmpty        = errors.New("too much encoded data that decodes to nothing")
)

// Reader decodes one coding. It is made by [NewReader] and used by one goroutine
// at a time; Close and Decoded may be called from any.
//
// An error of the source is returned as it is. Any other is an
// [errors.ClientPayloadError] of the class ErrContentEncoding with its cause,
// which is [io.ErrUnexpectedEOF] for a body that is cut off, and an
// [errors.BodyTooLargeError] for one that decodes to too much. After Close it is
// [errors.ErrConnectionClosed]. io.EOF comes once the source has ended too, so
// that its connection can be used again.
type Reader struct {
	mu      sync.Mutex // Close may come while a Read is under way
	step    step
	within  bool // data, or a member of gzip's, was begun and has not ended
	src     source
	wire    *source // of the innermost coding: what came over the network
	limits  Limits
	dec     *decoder // nil before the first Read, and when it was put back
	err     error
	closed  atomic.Bool
	decoded atomic.Int64
}

// source is what is decoded. It remembers its error, so that it can be told from
// the decoder's.
type source struct {
	rc  io.ReadCloser
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.rc.Read(p)
	s.n += int64(n)
	s.err = err
	return n, err
}

// Read decodes. What was decoded is returned before the reader waits for more of
// the source, even for its end.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	n, err := r.read(p)
	r.mu.Unlock()
	r.decoded.Add(int64(n))
	if r.closed.Load() {
		r.releaseClosed() // Close could not
	}
	return n, err
}

func (r *Reader) read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.closed.Load() {
		return 0, r.failWith(errors.ErrConnectionClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	for range maxEmpty {
		if !r.within {
			if err := r.beginPart(); err != nil {
				return 0, r.failWith(err)
			}
		}
		n, err := r.dec.Read(p)
		if err == io.EOF {
			r.within, err = false, nil
		}
		n, err = r.applyLimits(n, err)
		if err != nil {
			err = r.failWith(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, r.failWith(errEmpty)
}

// beginPart starts on what comes next: the data, or a further member of gzip's. If
// nothing comes it is io.EOF, also for a body without a single byte: that is one
// which was never encoded.
func (r *Reader) beginPart() error {
	first := r.dec == nil
	if first {
		r.dec = getDecoder(r.step.kind)
		r.dec.in.Reset(&r.src)
	}
	if _, err := r.dec.in.Peek(1); err != nil {
		return err
	}
	if !first {
		if err := r.dec.passPadding(r.step.kind); err != nil {
			return err
		}
	}
	r.within = true
	err := r.dec.start(r.step, first)
	if err == io.EOF {
		return io.ErrUnexpectedEOF // within a header
	}
	return err
}

// failWith ends the reading and gives the error its class.
func (r *Reader) failWith(err error) error {
	switch {
	case err == io.EOF || err == errors.ErrConnectionClosed:
	case r.src.err != nil && r.src.err != io.EOF:
		err = r.src.err
	default:
		err = &errors.ClientPayloadError{
			Received: r.src.n, Expected: -1, Kind: errors.ErrContentEncoding, Err: err,
		}
	}
	r.err = err
	r.putBack()
	return err
}

func (r *Reader) putBack() {
	if r.dec != nil {
		putDecoder(r.step.kind, r.dec)
		r.dec = nil
	}
}

// WriteTo decodes the rest into w, with a pooled buffer.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	buf := bufferPool.Get().(*[copyBuffer]byte) //nolint:errcheck // the pool holds nothing else
	defer bufferPool.Put(buf)
	return copybuf.Copy(w, r, buf[:])
}

// Decoded is how many decoded bytes were read so far.
func (r *Reader) Decoded() int64 { return r.decoded.Load() }

// Close closes the source and gives the decoder back. If a Read is under way,
// that Read gives it back.
func (r *Reader) Close() error {
	r.closed.Store(true)
	err := r.src.rc.Close()
	r.releaseClosed()
	return err
}

// releaseClosed ends a reader that was closed, unless a Read is under way. That Read
// sees that the reader is closed once it has let go of the lock.
func (r *Reader) releaseClosed() {
	if !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = errors.ErrConnectionClosed
	}
	r.putBack()
}

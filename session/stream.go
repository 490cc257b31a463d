package session

import (
	"bytes"
	"cmp"
	stderrors "errors"
	"io"
	"iter"

	"github.com/aiolos-http/aiolos/errors"
)

const (
	streamBuffer = 16 << 10
	// maxLine bounds what ReadLine and Lines hold of a line without an end.
	maxLine = 1 << 20
)

// StreamReader reads a body in pieces (aiohttp: StreamReader). It is made by
// [Response.Content] and used by one goroutine at a time.
//
// The methods that return a slice hand out one that is the caller's, unless
// they say otherwise. The iterators close the body when the loop is left early;
// when it ends, the body has been read. An error ends an iterator after it was
// yielded once; io.EOF is not yielded.
type StreamReader struct {
	src   io.ReadCloser
	buf   []byte // what was read ahead, from r to w
	r, w  int
	err   error // of src, to be told once the buffer is empty
	total int64
	ahead int   // how much is read ahead
	ended int64 // the last end of a decoded chunk that was told
	// chunks says that the request has [HTTPChunks].
	chunks bool
}

func newStreamReader(src io.ReadCloser, ahead int) *StreamReader {
	if ahead <= 0 {
		ahead = streamBuffer
	}
	return &StreamReader{src: src, ahead: ahead}
}

func (s *StreamReader) bufferedBytes() []byte { return s.buf[s.r:s.w] }

// fillBuffer reads ahead once, into a buffer that it makes or grows when needed.
func (s *StreamReader) fillBuffer() {
	if s.err != nil {
		return
	}
	switch {
	case s.r == s.w:
		s.r, s.w = 0, 0
	case s.w == len(s.buf) && s.r > 0:
		s.w = copy(s.buf, s.bufferedBytes())
		s.r = 0
	}
	if s.w == len(s.buf) {
		grown := make([]byte, max(s.ahead, 2*len(s.buf)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for tries := 0; s.err == nil; tries++ {
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		s.err = err
		if n > 0 {
			return
		}
		if tries == 100 {
			s.err = io.ErrNoProgress
		}
	}
}

func (s *StreamReader) takeBuffered(n int) []byte {
	b := s.buf[s.r : s.r+n]
	s.r += n
	s.total += int64(n)
	return b
}

// Read reads what is there, as [io.Reader] wants it.
func (s *StreamReader) Read(p []byte) (int, error) {
	if len(s.bufferedBytes()) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		n, err := s.src.Read(p)
		s.err = err
		s.total += int64(n)
		return n, err
	}
	return copy(p, s.takeBuffered(min(len(p), len(s.bufferedBytes())))), nil
}

// WriteTo writes the rest of the body to w, as [io.WriterTo] wants it.
func (s *StreamReader) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.takeBuffered(len(s.bufferedBytes())))
	written := int64(n)
	if err != nil {
		return written, err
	}
	if s.err != nil {
		return written, notEOF(s.err)
	}
	m, err := io.Copy(w, s.src)
	s.total += m
	if s.err = err; err == nil {
		s.err = io.EOF
	}
	return written + m, err
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// ReadAny returns the bytes that are there, at least one, or io.EOF.
// (aiohttp: readany)
func (s *StreamReader) ReadAny() ([]byte, error) {
	if len(s.bufferedBytes()) == 0 {
		s.fillBuffer()
	}
	if n := len(s.bufferedBytes()); n > 0 {
		return bytes.Clone(s.takeBuffered(n)), nil
	}
	return nil, s.err
}

// ReadExactly returns n bytes. If the body ends before, it is an
// [*errors.IncompleteReadError] with what there was. (aiohttp: readexactly)
func (s *StreamReader) ReadExactly(n int) ([]byte, error) {
	if n < 0 {
		return nil, &errors.InvalidRequestError{Field: "ReadExactly", Reason: "negative length"}
	}
	var got []byte
	for len(got) < n {
		if len(s.bufferedBytes()) == 0 {
			if s.fillBuffer(); len(s.bufferedBytes()) == 0 {
				if s.err == io.EOF {
					return nil, &errors.IncompleteReadError{Partial: got, Expected: n, Err: io.ErrUnexpectedEOF}
				}
				return nil, s.err
			}
		}
		got = append(got, s.takeBuffered(min(n-len(got), len(s.bufferedBytes())))...)
	}
	return got, nil
}

// ReadLine returns a line with its ending; the last one may have none. After it
// comes io.EOF. A line of more than 1 MiB is an [*errors.BodyTooLargeError].
// (aiohttp: readline)
func (s *StreamReader) ReadLine() ([]byte, error) { return s.ReadUntil([]byte("\n"), maxLine) }

// ReadUntil returns the bytes up to and including sep, or to the body's end if
// it does not come. More than limit bytes without it are an
// [*errors.BodyTooLargeError]; a limit of 0 or less is the one of ReadLine.
// (aiohttp: readuntil)
func (s *StreamReader) ReadUntil(sep []byte, limit int) ([]byte, error) {
	line, err := s.readUntil(sep, limit)
	return bytes.Clone(line), err
}

// readUntil is ReadUntil with a slice of the buffer.
func (s *StreamReader) readUntil(sep []byte, limit int) ([]byte, error) {
	if len(sep) == 0 {
		return nil, &errors.InvalidRequestError{Field: "ReadUntil", Reason: "empty separator"}
	}
	if limit <= 0 {
		limit = maxLine
	}
	from := 0 // what was searched already
	for {
		if i := bytes.Index(s.bufferedBytes()[from:], sep); i >= 0 {
			if n := from + i + len(sep); n <= limit {
				return s.takeBuffered(n), nil
			}
			return nil, s.tooLong(limit)
		}
		n := len(s.bufferedBytes())
		if n > limit {
			return nil, s.tooLong(limit)
		}
		from = max(0, n-len(sep)+1)
		if s.fillBuffer(); len(s.bufferedBytes()) > n {
			continue
		}
		if s.err == io.EOF && n > 0 {
			return s.takeBuffered(n), nil
		}
		return nil, s.err
	}
}

func (s *StreamReader) tooLong(limit int) error {
	return &errors.BodyTooLargeError{Limit: int64(limit)}
}

// Chunks yields the body in slices of n bytes; only the last is shorter. A slice
// is valid until the next one. n must be positive. (aiohttp: iter_chunked)
func (s *StreamReader) Chunks(n int) iter.Seq2[[]byte, error] {
	return s.yieldPieces(func(buf *[]byte) ([]byte, error) {
		if n <= 0 {
			return nil, &errors.InvalidRequestError{Field: "Chunks", Reason: "length is not positive"}
		}
		if *buf == nil {
			*buf = make([]byte, n)
		}
		got, err := io.ReadFull(s, *buf)
		if got > 0 && stderrors.Is(err, io.ErrUnexpectedEOF) && s.err == io.EOF {
			err = nil
		}
		return (*buf)[:got], err
	})
}

// Any yields the body in the pieces in which it arrives. A slice is valid until
// the next one. (aiohttp: iter_any)
func (s *StreamReader) Any() iter.Seq2[[]byte, error] {
	return s.yieldPieces(func(*[]byte) ([]byte, error) {
		if len(s.bufferedBytes()) == 0 {
			s.fillBuffer()
		}
		if n := len(s.bufferedBytes()); n > 0 {
			return s.takeBuffered(n), nil
		}
		return nil, s.err
	})
}

// yieldPieces yields what next gives until that fails.
func (s *StreamReader) yieldPieces(next func(buf *[]byte) ([]byte, error)) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var buf []byte
		for {
			piece, err := next(&buf)
			if err == io.EOF {
				return
			}
			if err != nil {
				s.Close() // the error that counts is yielded
				yield(nil, err)
				return
			}
			if !yield(piece, nil) {
				s.Close() // the caller has what it wants
				return
			}
		}
	}
}

// Lines yields the lines without their endings, "\n" or "\r\n". A line of more
// than 1 MiB is an [*errors.BodyTooLargeError]. (aiohttp: async for)
func (s *StreamReader) Lines() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pieces := s.yieldPieces(func(*[]byte) ([]byte, error) { return s.readUntil([]byte("\n"), maxLine) })
		for line, err := range pieces {
			if !yield(string(trimLine(line)), err) {
				return
			}
		}
	}
}

func trimLine(line []byte) []byte {
	if cut, ok := bytes.CutSuffix(line, []byte("\n")); ok {
		return bytes.TrimSuffix(cut, []byte("\r"))
	}
	return line
}

// AtEOF reports whether the body's end was seen and nothing of it is left.
// (aiohttp: at_eof)
func (s *StreamReader) AtEOF() bool { return s.err == io.EOF && len(s.bufferedBytes()) == 0 }

// TotalBytes is how many bytes were handed out. (aiohttp: total_bytes)
func (s *StreamReader) TotalBytes() int64 { return s.total }

// Close closes the body; see [Response.Close].
func (s *StreamReader) Close() error {
	s.r, s.w = 0, 0
	s.err = cmp.Or(s.err, errors.ErrConnectionClosed)
	return s.src.Close()
}

// TotalRawBytes is how many bytes of the body have come in, before they were
// decoded; what is read ahead counts. Unless the body is decoded, it is
// TotalBytes and Buffered together. The framing of HTTP counts neither here nor
// there. (aiohttp: total_raw_bytes)
func (s *StreamReader) TotalRawBytes() int64 {
	if b, ok := s.src.(*responseBody); ok && b.decoding != nil {
		return b.decoding.n
	}
	return s.total + int64(len(s.bufferedBytes()))
}

// Buffered is how many bytes can be had without waiting.
func (s *StreamReader) Buffered() int { return len(s.bufferedBytes()) }

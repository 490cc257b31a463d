package session

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// bodySource is a request's body before it is sent, once or several times.
type bodySource struct {
	open        func() (io.ReadCloser, error)
	data        []byte // what open returns, if it is in memory
	length      int64  // -1: not known, sent in chunks
	contentType string
	once        bool // open works a single time
	discard     func()
	form        *form.Form // what open sends, if it is one
}

func bodyOption(name string, args []string, source func() (*bodySource, error)) Option {
	return Option{name, args, func(o *options) error {
		b, err := source()
		if err == nil {
			o.body = b
		}
		return err
	}}
}

func memoryBody(data []byte, contentType string) *bodySource {
	return &bodySource{
		open: func() (io.ReadCloser, error) {
			if len(data) == 0 {
				return http.NoBody, nil
			}
			return io.NopCloser(bytes.NewReader(data)), nil
		},
		data: data, length: int64(len(data)), contentType: contentType,
	}
}

// JSON sends v as JSON; nil is sent as null. (aiohttp: json)
func JSON(v any) Option {
	return Option{"JSON", []string{fmt.Sprintf("%T", v)}, func(o *options) error {
		data, err := o.encode(v)
		if err != nil {
			return &errors.InvalidRequestError{Field: "JSON", Reason: "cannot be encoded", Err: err}
		}
		o.body = memoryBody(data, "application/json")
		return nil
	}}
}

// Form sends values url-encoded, sorted by name. (aiohttp: data with a dict)
func Form(values url.Values) Option {
	return bodyOption("Form", []string{fmt.Sprintf("%d names", len(values))}, func() (*bodySource, error) {
		return memoryBody([]byte(values.Encode()), formType), nil
	})
}

const formType = "application/x-www-form-urlencoded"

// FormPairs sends names and values url-encoded in the order given: name, value,
// name, value. (aiohttp: data with a list of pairs)
func FormPairs(pairs ...string) Option {
	return bodyOption("FormPairs", []string{fmt.Sprintf("%d pairs", len(pairs)/2)}, func() (*bodySource, error) {
		if len(pairs)%2 != 0 {
			return nil, &errors.InvalidRequestError{Field: "FormPairs", Reason: "a name without a value"}
		}
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
		}
		return memoryBody([]byte(b.String()), formType), nil
	})
}

// Bytes sends data as application/octet-stream. It must not be changed until
// the call has returned. (aiohttp: data with bytes)
func Bytes(data []byte) Option {
	return bodyOption("Bytes", []string{strconv.Itoa(len(data)) + " bytes"}, func() (*bodySource, error) {
		return memoryBody(data, octetStream), nil
	})
}

const octetStream = "application/octet-stream"

// Text sends s as text/plain in UTF-8. (aiohttp: data with str)
func Text(s string) Option {
	return bodyOption("Text", []string{strconv.Itoa(len(s)) + " bytes"}, func() (*bodySource, error) {
		return memoryBody([]byte(s), "text/plain; charset=utf-8"), nil
	})
}

// Body sends what r has from its present position, when Body is called, to its
// end. Two requests must not send the same r at the same time.
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
	case *os.File:
		info, err := r.Stat()
		if err != nil {
			return nil, &errors.InvalidRequestError{Field: "Body", Reason: "file cannot be read", Err: err}
		}
		contentType := mime.TypeByExtension(filepath.Ext(r.Name()))
		if contentType == "" {
			contentType = octetStream
		}
		if info.Mode().IsRegular() {
			return seekerBody(r, io.NopCloser(r), contentType)
		}
		return onceBody(io.NopCloser(r), contentType), nil
	case io.ReadSeeker:
		return seekerBody(r, closerOf(r), octetStream)
	}
	return onceBody(closerOf(r), octetStream), nil
}

func closerOf(r io.Reader) io.ReadCloser {
	if rc, ok := r.(io.ReadCloser); ok {
		return rc
	}
	return io.NopCloser(r)
}

func seekerBody(s io.Seeker, rc io.ReadCloser, contentType string) (*bodySource, error) {
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return onceBody(rc, contentType), nil //nolint:nilerr // it cannot seek after all
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = s.Seek(start, io.SeekStart)
	}
	if err != nil {
		return nil, &errors.InvalidRequestError{Field: "Body", Reason: "cannot seek", Err: err}
	}
	return &bodySource{
		open: func() (io.ReadCloser, error) {
			if _, err := s.Seek(start, io.SeekStart); err != nil {
				return nil, err
			}
			if end <= start {
				return http.NoBody, nil
			}
			return rc, nil
		},
		length: max(end-start, 0), contentType: contentType,
		discard: func() { rc.Close() }, // nothing was asked of it
	}, nil
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
		discard: func() { rc.Close() }, // as above
	}
}

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

// seqReader reads from an iterator. Close does not wait for an iterator that is
// at work: it then ends with the Read that it works for.
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
	n, err := s.read(p)
	if s.isClosed() { // perhaps since the last look, by a Close that did not wait
		s.tryStop()
	}
	return n, err
}

func (s *seqReader) read(p []byte) (int, error) {
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
		s.end()
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

// tryStop ends the iterator, unless a Read is at work, which does it then.
func (s *seqReader) tryStop() {
	if s.mu.TryLock() {
		s.end()
		s.mu.Unlock()
	}
}

func (s *seqReader) end() {
	if s.stop != nil {
		s.stop()
	}
}

// countedBody reports progress. It hides a file from net/http, which then
// cannot send it without copying.
type countedBody struct {
	io.ReadCloser
	done, total int64
	report      func(done, total int64)
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.done += int64(n)
		b.report(b.done, b.total)
	}
	return n, err
}

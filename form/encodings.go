package form

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// encodedSize is a content's size in bytes, encoded; -1: not known before it is
// done.
type encodedSize func(n int64) int64

func unknownSize(int64) int64 { return -1 }

// encoding makes an encoder that writes to w.
type encoding struct {
	start func(w io.Writer) (io.WriteCloser, error)
	size  encodedSize
}

// contentEncodings are the codings of a part's content (RFC 9110 8.4.1).
func contentEncodings(name string) (encoding, bool) {
	switch name {
	case "gzip":
		return encoding{func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, unknownSize}, true
	case "deflate":
		return encoding{func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }, unknownSize}, true
	case "deflate-raw":
		return encoding{func(w io.Writer) (io.WriteCloser, error) {
			return flate.NewWriter(w, flate.DefaultCompression)
		}, unknownSize}, true
	}
	return encoding{}, false
}

// transferEncodings are those of RFC 2045 6. Three of them change nothing: their
// start is nil.
func transferEncodings(name string) (encoding, bool) {
	switch name {
	case "7bit", "8bit", "binary":
		return encoding{}, true
	case "base64":
		return encoding{func(w io.Writer) (io.WriteCloser, error) {
			return base64.NewEncoder(base64.StdEncoding, &lineWriter{w: w}), nil
		}, base64Size}, true
	case "quoted-printable":
		return encoding{func(w io.Writer) (io.WriteCloser, error) {
			qp := quotedprintable.NewWriter(w)
			qp.Binary = true // a lone LF is to stay one
			return qp, nil
		}, unknownSize}, true
	}
	return encoding{}, false
}

// lineLength is the longest line of base64 (RFC 2045 6.8).
const lineLength = 76

// base64Size counts the line breaks too; there is none at the end.
func base64Size(n int64) int64 {
	if n <= 0 {
		return n
	}
	size := (n + 2) / 3 * 4
	return size + (size-1)/lineLength*2
}

// lineWriter breaks what it writes into lines of 76 bytes.
type lineWriter struct {
	w      io.Writer
	column int
}

func (l *lineWriter) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if l.column == lineLength {
			if _, err := io.WriteString(l.w, "\r\n"); err != nil {
				return done, err
			}
			l.column = 0
		}
		n, err := l.w.Write(p[done:min(len(p), done+lineLength-l.column)])
		done += n
		l.column += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// encoded is a content that is encoded while it is read.
type encoded struct {
	payload
	with encoding
}

func (e encoded) size() (int64, error) {
	n, err := e.payload.size()
	if err != nil || n < 0 {
		return n, err
	}
	return e.with.size(n), nil
}

func (e encoded) open() (io.ReadCloser, error) {
	r, err := e.payload.open()
	if err != nil {
		return nil, err
	}
	er := &encodingReader{src: r, buf: make([]byte, copySize/2)}
	if er.enc, err = e.with.start(&er.out); err != nil {
		r.Close()
		return nil, err
	}
	return er, nil
}

// encodingReader turns an encoder, which writes, into a reader, a buffer at a
// time.
type encodingReader struct {
	src io.ReadCloser
	enc io.WriteCloser // writes to out
	out bytes.Buffer
	buf []byte
	err error
}

func (e *encodingReader) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		e.encodeNext()
	}
	return e.out.Read(p)
}

func (e *encodingReader) encodeNext() {
	n, err := e.src.Read(e.buf)
	if _, writeErr := e.enc.Write(e.buf[:n]); writeErr != nil {
		e.err = writeErr
		return
	}
	if err == io.EOF {
		if closeErr := e.enc.Close(); closeErr != nil {
			err = closeErr
		}
	}
	e.err = err
}

func (e *encodingReader) Close() error { return e.src.Close() }

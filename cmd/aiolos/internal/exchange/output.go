package exchange

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/pretty"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// writeBody reads the body to its end, to where it belongs, and returns its length.
func (s *Sender) writeBody(resp *session.Response, shown bool) (int64, error) {
	switch {
	case s.keepsFile(resp.StatusCode), s.NoErrorPage && resp.StatusCode >= 400:
		return io.Copy(io.Discard, resp.Body)
	case s.writesFile():
		return s.saveToFile(resp.Body)
	case !shown:
		return io.Copy(io.Discard, resp.Body)
	case s.App.OutTTY && s.Output != "-":
		return s.writeToTerminal(resp.Body, resp.Header)
	}
	if !s.pretty.asksForBody() {
		return io.Copy(s.App.Out, resp.Body)
	}
	w := s.newBodyWriter(s.App.Out, resp.Header)
	n, err := io.Copy(w, resp.Body)
	return n, errors.Join(err, w.Close())
}

// newBodyWriter is where a body goes to be looked at.
func (s *Sender) newBodyWriter(w io.Writer, header http.Header) io.WriteCloser {
	var guard func(io.Writer) io.WriteCloser
	if s.App.OutTTY {
		guard = func(w io.Writer) io.WriteCloser { return render.NewEscaper(w) }
	}
	return pretty.NewWriter(w, pretty.KindOf(header.Get("Content-Type")), s.bodyStyle(), guard)
}

// plainToTLS is what servers say, with 400, to a request without TLS on a port with it:
// net/http, nginx and Apache.
func plainToTLS() [][]byte {
	return [][]byte{
		[]byte("HTTP request to an HTTPS server"), []byte("plain HTTP request was sent to HTTPS port"), []byte("plain HTTP to an SSL-enabled server port"),
	}
}

// hintAtTLS watches a body for being one of these, and returns what tells so at its end.
func (s *Sender) hintAtTLS(resp *session.Response) (tell func()) {
	if resp.StatusCode != http.StatusBadRequest || resp.Request.URL.Scheme != "http" {
		return func() {}
	}
	start := &startOf{ReadCloser: resp.Body}
	resp.Body = start
	return func() {
		if s.App.Quiet == 0 && slices.ContainsFunc(plainToTLS(), func(text []byte) bool { return bytes.Contains(start.seen, text) }) {
			s.App.Hint(hint.WantsTLS)
		}
	}
}

// startOf keeps the first bytes of what is read.
type startOf struct {
	io.ReadCloser

	seen []byte
}

// Read implements io.Reader.
func (s *startOf) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.seen = append(s.seen, p[:min(n, max(0, binaryStart-len(s.seen)))]...)
	return n, err
}

// binaryStart is how far a body is looked at for whether it is text.
const binaryStart = 1024

// writeToTerminal shows a text as it comes. Bytes that are none are not shown. What
// comes before an error is shown, on lines of its own.
func (s *Sender) writeToTerminal(body io.Reader, header http.Header) (n int64, err error) {
	last := &lastByte{w: s.App.Out}
	out := s.newBodyWriter(last, header)
	buf := make([]byte, 32<<10)
	binary := false
	for err == nil {
		var k int
		k, err = body.Read(buf)
		start := buf[:max(0, min(int64(k), binaryStart-n))]
		binary = binary || bytes.IndexByte(start, 0) >= 0
		n += int64(k)
		if binary {
			continue
		}
		if _, writeErr := out.Write(buf[:k]); writeErr != nil {
			return n, writeErr
		}
	}
	if err == io.EOF {
		err = nil
	}
	if binary {
		if err == nil {
			s.App.Notice("%s of binary data not shown; -o FILE saves it", render.Bytes(n))
		}
		return n, err
	}
	err = errors.Join(err, out.Close())
	if last.any && last.b != '\n' {
		_, writeErr := io.WriteString(s.App.Out, "\n")
		err = errors.Join(err, writeErr)
	}
	return n, err
}

// lastByte remembers the last byte that went through, and what kept others from it.
type lastByte struct {
	w   io.Writer
	b   byte
	any bool
	err error
}

// Write implements io.Writer.
func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.b, l.any = p[len(p)-1], true
	}
	n, err := l.w.Write(p)
	l.err = errors.Join(l.err, err)
	return n, err
}

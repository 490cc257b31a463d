package wiretest

import (
	"bufio"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Request is a request that was read to its end.
type Request struct {
	// Head is the request line and the header as they came, with the empty line.
	Head string

	// Method, Target and Proto are the parts of the request line.
	Method, Target, Proto string

	// Header has canonical names. Host is taken out of it, as in net/http.
	Header http.Header
	Host   string

	// Body is without the framing of chunks.
	Body string
}

// ReadRequest reads a request with its body. If the client has gone it ends the
// script, so that a script need not look. A head that is not HTTP fails the test.
// It does not answer Expect: 100-continue: read the parts one by one for that.
func (c *Conn) ReadRequest() *Request {
	head, ok := c.ReadHead()
	if !ok {
		runtime.Goexit()
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		c.srv.t.Errorf("wiretest: connection %d: %v: %q", c.N, err, head)
		runtime.Goexit()
	}
	req := &Request{
		Head: head, Method: r.Method, Target: r.RequestURI, Proto: r.Proto, Header: r.Header, Host: r.Host,
	}
	if slices.Contains(r.TransferEncoding, "chunked") {
		req.Body, ok = c.ReadChunkedBody()
	} else {
		req.Body, ok = c.ReadBody(int(max(r.ContentLength, 0)))
	}
	if !ok {
		runtime.Goexit()
	}
	return req
}

// ReadHead reads a head to the empty line that ends it, and returns its exact
// bytes. If the client goes meanwhile it returns what came, and false.
func (c *Conn) ReadHead() (string, bool) {
	var b strings.Builder
	for {
		line, ok := c.readLine(&b)
		if !ok {
			return b.String(), false
		}
		if line == "\r\n" {
			break
		}
	}
	c.srv.recordHead(b.String())
	return b.String(), true
}

// ReadBody reads n bytes. If the client goes meanwhile it returns what came, and
// false.
func (c *Conn) ReadBody(n int) (string, bool) {
	var b strings.Builder
	m, err := io.CopyN(&b, c.br, int64(n))
	return b.String(), err == nil && m == int64(n)
}

// ReadChunkedBody reads to the end of a chunked body and returns the content. It
// is false for broken framing and for a client that goes meanwhile.
func (c *Conn) ReadChunkedBody() (string, bool) {
	var body strings.Builder
	ok := c.readChunks(io.Discard, &body)
	return body.String(), ok
}

// ReadChunked is [Conn.ReadChunkedBody] that returns the body as it came,
// framing, trailer and all.
func (c *Conn) ReadChunked() (string, bool) {
	var raw strings.Builder
	ok := c.readChunks(&raw, io.Discard)
	return raw.String(), ok
}

// readChunks reads a chunked body (RFC 9112, 7.1).
func (c *Conn) readChunks(raw, body io.Writer) bool {
	for {
		line, ok := c.readLine(raw)
		if !ok {
			return false
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		size, err := strconv.ParseInt(digits, 16, 63)
		if err != nil || size < 0 {
			return false
		}
		if size == 0 {
			return c.readTrailer(raw)
		}
		if _, err := io.CopyN(io.MultiWriter(raw, body), c.br, size); err != nil {
			return false
		}
		if line, ok := c.readLine(raw); !ok || line != "\r\n" {
			return false
		}
	}
}

func (c *Conn) readTrailer(raw io.Writer) bool {
	for {
		line, ok := c.readLine(raw)
		if !ok || line == "\r\n" {
			return ok
		}
	}
}

// readLine reads a line with its ending and copies it to raw.
func (c *Conn) readLine(raw io.Writer) (string, bool) {
	line, err := c.br.ReadString('\n')
	io.WriteString(raw, line) // to memory
	return line, err == nil
}

//go:build interop

package compare_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// seen is a request as it reached the server.
type seen struct {
	line   string
	fields []field
	body   string // without the framing of chunks
}

// field is a header field as it was written.
type field struct{ name, value string }

// get returns the values of a header.
func (s *seen) get(name string) []string {
	var values []string
	for _, f := range s.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// recorder is a server that records the requests of one client after the other.
type recorder struct {
	*wiretest.Server

	mu      sync.Mutex
	answers []reply
	got     []*seen
	ended   int // connections
	quiet   *sync.Cond
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	r.quiet = sync.NewCond(&r.mu)
	r.Server = wiretest.New(t, r.serve)
	return r
}

func (r *recorder) port() string { return r.Addr()[strings.LastIndexByte(r.Addr(), ':')+1:] }

// expect sets the answers to the requests that follow.
func (r *recorder) expect(answers []reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers, r.got = answers, nil
}

// take returns what has come since expect, once the client's connections have all
// been read to their end.
func (r *recorder) take(t *testing.T) []*seen {
	t.Helper()
	r.flush(t)
	late := false
	timer := time.AfterFunc(5*time.Second, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		late = true
		r.quiet.Broadcast()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.ended < r.Conns() && !late {
		r.quiet.Wait()
	}
	if n := r.Conns() - r.ended; n > 0 {
		t.Errorf("%d connections are left open", n)
	}
	return r.got
}

// flush has the server accept what waits: connections come in order, and one of
// our own is the last.
func (r *recorder) flush(t *testing.T) {
	t.Helper()
	nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	io.Copy(io.Discard, nc)
}

func (r *recorder) serve(c *wiretest.Conn) {
	defer func() {
		c.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended++
		r.quiet.Broadcast()
	}()
	for {
		head, ok := c.ReadHead()
		if head == "" {
			return
		}
		s := parseHead(head)
		r.record(s)
		if !ok || !readBody(c, s) || !r.answer(c, s) {
			return
		}
	}
}

func parseHead(head string) *seen {
	lines := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
	s := &seen{line: lines[0]}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		s.fields = append(s.fields, field{name, strings.TrimSpace(value)})
	}
	return s
}

// readBody is false if the request is none, or the client has gone.
func readBody(c *wiretest.Conn, s *seen) bool {
	if !strings.Contains(s.line, " HTTP/1.") {
		return false
	}
	if len(s.get("Expect")) > 0 && !c.Write("HTTP/1.1 100 Continue\r\n\r\n") {
		return false
	}
	ok := true
	if len(s.get("Transfer-Encoding")) > 0 {
		s.body, ok = c.ReadChunkedBody()
	} else if lengths := s.get("Content-Length"); len(lengths) > 0 {
		n, err := strconv.Atoi(lengths[0])
		if err != nil {
			return false
		}
		s.body, ok = c.ReadBody(n)
	}
	return ok
}

// record keeps s, whatever becomes of it.
func (r *recorder) record(s *seen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, s)
}

// answer is false if the connection is to end.
func (r *recorder) answer(c *wiretest.Conn, s *seen) bool {
	var a reply
	r.mu.Lock()
	if len(r.answers) > 0 {
		a, r.answers = r.answers[0], r.answers[1:]
	}
	r.mu.Unlock()
	if a.Drop {
		return false
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n", a.Status, http.StatusText(a.Status))
	if strings.HasSuffix(s.line, "HTTP/1.0") {
		b.WriteString("Connection: close\r\n")
	}
	for _, h := range a.Headers {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	return c.Write(b.String()+"\r\n") && !strings.HasSuffix(s.line, "HTTP/1.0")
}

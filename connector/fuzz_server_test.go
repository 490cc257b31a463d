package connector_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

// world is the server's side of a case: what it is to do, and what it has seen.
type world struct {
	t     *testing.T
	plans map[string]*plan

	mu   sync.Mutex
	seen map[string]int // how often the server got a request
}

// note counts a request and returns its plan, and whether it comes for the first time.
func (w *world) note(req *http.Request) (p *plan, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := req.URL.Path[1:]
	w.seen[name]++
	p = w.plans[name]
	if n := w.seen[name]; n > 1 && (req.Method == "POST" || req.Method == "PATCH") {
		w.t.Errorf("%s %s was sent %d times", req.Method, name, n)
	}
	return p, w.seen[name] == 1
}

// fuzzPeer is a connection as the server sees it.
type fuzzPeer struct {
	w      *world
	nc     *memnet.Conn
	inbox  inbox
	br     *bufio.Reader // of the inbox
	served int
	spoilt bool      // there is something behind a response: nobody may use it any more
	since  time.Time // when that came, if it was later than the response
}

// crossing is how close to each other a request and what nobody has asked for may be to count
// as sent at the same time. It is twice the time in which the engine, on a connection that it
// cannot look at, relies on its last Read to have seen everything.
const crossing = 200 * time.Microsecond

func (w *world) serve(nc *memnet.Conn) {
	c := &fuzzPeer{w: w, nc: nc}
	c.inbox.wake.L = &c.inbox.mu
	c.br = bufio.NewReader(&c.inbox)
	go c.inbox.fill(nc)
	for c.serveOne() {
		c.served++
	}
	nc.Close()
}

func (c *fuzzPeer) serveOne() bool {
	req, err := http.ReadRequest(c.br)
	if err != nil {
		return false
	}
	p, first := c.w.note(req)
	if c.spoilt {
		if !c.since.IsZero() && time.Since(c.since) < crossing {
			p.crossed.Store(true)
			return false
		}
		c.w.t.Errorf("%s was sent on a connection on which there was something before it", p.name)
	}
	if !first {
		good := *p // again: without any harm
		good.cut, good.delay, good.serverRead, good.idle408, good.behind = 0, 0, readBefore, false, behindNothing
		p = &good
	}
	if p.idle408 && c.served > 0 && p.body == bodyNone {
		io.WriteString(c.nc, "HTTP/1.1 408 Request Timeout\r\nX-For: nobody\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return false
	}
	return c.act(p, req)
}

func (c *fuzzPeer) act(p *plan, req *http.Request) bool {
	for i := range p.interim {
		io.WriteString(c.nc, []string{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"}[i%2])
	}
	switch p.serverRead {
	case readBefore:
		body, err := io.ReadAll(req.Body)
		if p.body != bodyNone && !strings.HasPrefix(p.upload(), string(body)) {
			c.w.t.Errorf("%s %s came with a body of somebody else: %.40q", p.method, p.name, body)
		}
		if err != nil {
			return false
		}
		if p.body != bodyNone && len(body) != p.size {
			c.w.t.Errorf("%s %s came with %d bytes, want %d", p.method, p.name, len(body), p.size)
		}
	case readHalf:
		io.CopyN(io.Discard, req.Body, int64(p.size/2))
	}
	if p.delay > 0 {
		sleepAbout(p.delay)
	}
	if !c.respond(p) {
		return false
	}
	switch p.serverRead {
	case readAfter, readHalf:
		io.Copy(io.Discard, req.Body)
	case readNever:
		if p.body != bodyNone {
			sleepAbout(100 * time.Millisecond)
			return false
		}
	}
	return c.comeBehind(p)
}

// respond writes the response, and reports whether the connection goes on.
func (c *fuzzPeer) respond(p *plan) bool {
	text := p.response()
	if p.cut > 0 {
		text = text[:len(text)*p.cut/101]
	}
	behind := ""
	if p.cut == 0 && p.behind == behindAtOnce {
		behind = unaskedAnswer
		c.spoilt = true
	}
	for i := range p.pieces {
		piece := text[len(text)*i/p.pieces : len(text)*(i+1)/p.pieces]
		if i == p.pieces-1 {
			piece += behind
		}
		if _, err := io.WriteString(c.nc, piece); err != nil {
			return false
		}
		if i < p.pieces-1 {
			sleepAbout(0)
		}
	}
	if p.cut > 0 {
		c.end(p.cutBy)
		return false
	}
	return p.framing != untilClose
}

// end breaks the connection off in one way or another.
func (c *fuzzPeer) end(how int) {
	switch how {
	case 1:
		c.nc.Reset()
	case 2:
		c.nc.CloseWrite()
		sleepAbout(10 * time.Millisecond)
	}
}

// comeBehind does what comes after the response.
func (c *fuzzPeer) comeBehind(p *plan) bool {
	if p.behind < behindLater {
		return true
	}
	if p.late > 0 {
		sleepAbout(p.late)
	}
	switch p.behind {
	case behindClose:
		return false
	case behindReset:
		c.nc.Reset()
		return false
	}
	// What comes now would be the answer to a request that is there already.
	sleepAbout(0)
	if c.br.Buffered() == 0 && c.inbox.isEmpty() {
		c.spoilt, c.since = true, time.Now()
		io.WriteString(c.nc, unaskedAnswer)
	}
	return true
}

// inbox has all that has come on a connection, so that one can look whether there is any.
type inbox struct {
	mu   sync.Mutex
	wake sync.Cond
	buf  strings.Builder
	read int
	err  error
}

func (b *inbox) fill(r io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		b.mu.Lock()
		b.buf.Write(buf[:n])
		b.err = err
		b.mu.Unlock()
		b.wake.Broadcast()
		if err != nil {
			return
		}
	}
}

func (b *inbox) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.read == b.buf.Len() {
		if b.err != nil {
			return 0, b.err
		}
		b.wake.Wait()
	}
	n := copy(p, b.buf.String()[b.read:])
	b.read += n
	return n, nil
}

func (b *inbox) isEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read == b.buf.Len() && b.err == nil
}

// planBody is a request's body that is closed once.
type planBody struct {
	io.Reader
	closes atomic.Int32
	close  func() // may be nil
}

func (b *planBody) Close() error {
	b.closes.Add(1)
	if b.close != nil {
		b.close()
	}
	return nil
}

// newBody makes the body of a plan; nil: there is none.
func newBody(p *plan) *planBody {
	text := p.upload()
	switch p.body {
	case bodyStream:
		return &planBody{Reader: strings.NewReader(text)}
	case bodyPipe, bodyFails:
		pr, pw := io.Pipe()
		go writePipe(pw, text, p.body == bodyFails)
		return &planBody{Reader: pr, close: func() { pr.Close() }}
	}
	return nil
}

func writePipe(pw *io.PipeWriter, text string, fails bool) {
	for part := range 4 {
		if _, err := io.WriteString(pw, text[len(text)*part/4:len(text)*(part+1)/4]); err != nil {
			return
		}
		if fails && part == 2 {
			pw.CloseWithError(fmt.Errorf("the source has failed"))
			return
		}
		sleepAbout(time.Millisecond)
	}
	pw.Close()
}

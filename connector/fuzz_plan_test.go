package connector_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// choices makes decisions of a fuzzer's bytes. When they are used up every choice is the
// first one, which is always the harmless one.
type choices struct{ data []byte }

func (c *choices) among(n int) int {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return int(b) % n
}

// seldom is true in one of n cases.
func (c *choices) seldom(n int) bool { return c.among(n) == n-1 }

func (c *choices) millis(n int) time.Duration { return time.Duration(c.among(n)) * time.Millisecond }

// sleepAbout sleeps for d and a part of a millisecond that nobody else has, so that no two
// events fall on the same instant: at each of them everything else has come to rest, and
// what was sent before has arrived. What the engine waits for is in whole milliseconds.
func sleepAbout(d time.Duration) {
	now := time.Now()
	at := now.Truncate(time.Millisecond).Add(d + time.Duration(instants.Add(7919)%1e6))
	if !at.After(now) {
		at = at.Add(time.Millisecond)
	}
	time.Sleep(at.Sub(now))
}

var instants atomic.Int64

// Kinds of a request's body.
const (
	bodyNone = iota
	bodyMemory
	bodyStream
	bodyPipe
	bodyFails
	bodyKinds
)

// What the client does with the response.
const (
	readAll = iota
	readSome
	readNothing
	readBesideClose
	readKinds
)

// When the server reads the request's body.
const (
	readBefore = iota
	readAfter
	readNever
	readHalf
	serverReads
)

// What is behind a response.
const (
	behindNothing = iota
	behindAtOnce
	behindLater
	behindClose
	behindReset
	behindKinds
)

// Framings of a response.
const (
	withLength = iota
	withChunks
	with204
	with304
	withClose
	untilClose
	framings
)

// plan is one request and what becomes of it.
type plan struct {
	name, method string
	wait         time.Duration // before it is sent

	body     int
	size     int
	declared bool // the body's length is
	expect   bool

	cancelAfter, total, sockRead time.Duration // zero: none
	read                         int

	serverRead int
	interim    int
	delay      time.Duration // before the response
	framing    int
	length     int // of the response's body
	pieces     int
	cut        int // the response ends after so many per cent of it; zero: it does not
	cutBy      int // 0: Close, 1: Reset, 2: CloseWrite
	behind     int
	late       time.Duration // until what comes behind
	idle408    bool

	crossed *atomic.Bool // it has crossed what nobody has asked for: no answer is wrong
}

func newPlan(c *choices, i int) *plan {
	p := &plan{name: fmt.Sprintf("r%d", i), crossed: new(atomic.Bool)}
	p.method = []string{"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"}[c.among(6)]
	p.wait = c.millis(8)
	if p.method != "GET" && p.method != "HEAD" {
		p.body = c.among(bodyKinds)
		p.size = []int{10, 3000, 9000, 70_000, 200_000}[c.among(5)]
		p.declared = c.among(2) == 0
		p.expect = c.seldom(4)
	}
	if c.seldom(4) {
		p.cancelAfter = time.Millisecond + c.millis(30)
	}
	if c.seldom(6) {
		p.total = time.Millisecond + c.millis(40)
	}
	if c.seldom(6) {
		p.sockRead = time.Millisecond + c.millis(20)
	}
	if c.seldom(3) {
		p.read = c.among(readKinds)
	}
	if p.body != bodyNone {
		p.serverRead = c.among(serverReads)
	}
	if c.seldom(3) {
		p.interim = c.among(4)
	}
	if c.seldom(3) {
		p.delay = c.millis(60)
	}
	p.framing = c.among(framings)
	p.length = []int{10, 0, 1, 4000, 4096, 8192, 20_000}[c.among(7)]
	p.pieces = 1 + c.among(3)
	if c.seldom(6) {
		p.cut, p.cutBy = 1+c.among(100), c.among(3)
	}
	if c.seldom(2) {
		p.behind, p.late = c.among(behindKinds), c.millis(6)
	}
	if p.framing == untilClose {
		p.behind = behindNothing // there is no such place
	}
	p.idle408 = c.seldom(8)
	return p
}

// content is what the response says: whose it is, over and over.
func (p *plan) content() string { return strings.Repeat(p.name+";", p.length/len(p.name)+1)[:p.length] }

// upload is the request's body: whose it is, over and over.
func (p *plan) upload() string { return strings.Repeat(p.name+":", p.size/len(p.name)+1)[:p.size] }

// harmless reports whether there is no reason for it to fail: it can be repeated if the
// connection has died, and neither side does anything else.
func (p *plan) harmless() bool {
	idempotent := p.method != "POST" && p.method != "PATCH"
	return idempotent && p.body <= bodyMemory && !p.expect && p.cancelAfter+p.total+p.sockRead == 0 &&
		p.read == readAll && p.serverRead == readBefore && p.cut == 0
}

// response is what the server writes, without what is behind it.
func (p *plan) response() string {
	head := fmt.Sprintf("X-For: %s\r\n", p.name)
	body := p.content()
	switch p.framing {
	case with204:
		return "HTTP/1.1 204 No Content\r\n" + head + "\r\n"
	case with304:
		return "HTTP/1.1 304 Not Modified\r\n" + head + "\r\n"
	case withChunks:
		head = "HTTP/1.1 200 OK\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n"
		return head + p.unlessHead(inChunks(body))
	case withClose:
		head += "Connection: close\r\n"
	case untilClose:
		return "HTTP/1.1 200 OK\r\n" + head + "\r\n" + p.unlessHead(body)
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(body), p.unlessHead(body))
}

func (p *plan) unlessHead(body string) string {
	if p.method == http.MethodHead {
		return ""
	}
	return body
}

// inChunks is body in a few chunks.
func inChunks(body string) string {
	var b strings.Builder
	for body != "" {
		part := body[:min(len(body), 3000)]
		body = body[len(part):]
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
	}
	return b.String() + "0\r\n\r\n"
}

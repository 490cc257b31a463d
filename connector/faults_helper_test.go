package connector_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// wire is one of the ways in which a request can travel. What goes wrong must look the
// same by all of them.
type wire struct {
	name   string
	secure bool
	h2     bool
}

var wires = []wire{
	{name: "http"},
	{name: "https with HTTP1", secure: true},
	{name: "https with HTTP2", secure: true, h2: true},
}

func (w wire) url() string {
	if w.secure {
		return "https://host/"
	}
	return "http://host/"
}

func (w wire) addr() string {
	if w.secure {
		return "host:443"
	}
	return "host:80"
}

// overWires runs a test by each way, at the same time as the others.
func overWires(t *testing.T, test func(t *testing.T, w wire)) {
	t.Helper()
	for _, w := range wires {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

// memory starts a server in a network of memory, and makes a connector for it.
func (w wire) memory(t *testing.T, cfg connector.Config, script func(*peer)) (*wiretest.Server, *connector.Connector) {
	t.Helper()
	return w.on(t, w.network(), cfg, script)
}

// network is one for a peer that may not read.
func (w wire) network() *memnet.Network {
	n := memnet.New()
	if w.h2 {
		n.SetBuffers(roomForWindow, 0)
	}
	return n
}

// roomForWindow is more than HTTP/2 sends to who does not read (RFC 9113 6.9.2), frames and TLS
// included. Who blocked in a write would have its lock, for which net/http's reader waits, say
// with the server's SETTINGS: no clock of a bubble goes on while somebody waits for a lock.
const roomForWindow = 256 << 10

// on is memory in a network that is there already.
func (w wire) on(t *testing.T, n *memnet.Network, cfg connector.Config, script func(*peer)) (*wiretest.Server, *connector.Connector) {
	t.Helper()
	ln, err := n.Listen(w.addr())
	if err != nil {
		t.Fatal(err)
	}
	cfg.DialContext = n.DialContext
	run, server := w.script(t, &cfg, script)
	if server == nil {
		return wiretest.NewOn(t, ln, run), newConnector(t, cfg)
	}
	return wiretest.NewTLSOn(t, ln, server, run), newConnector(t, cfg)
}

// sockets is memory on loopback. The URL is the server's.
func (w wire) sockets(t *testing.T, cfg connector.Config, script func(*peer)) (*wiretest.Server, *connector.Connector) {
	t.Helper()
	run, server := w.script(t, &cfg, script)
	if server == nil {
		return wiretest.New(t, run), newConnector(t, cfg)
	}
	return wiretest.NewTLS(t, server, run), newConnector(t, cfg)
}

// script makes a script of the server's out of one of a peer's, and what TLS needs.
func (w wire) script(t *testing.T, cfg *connector.Config, script func(*peer)) (func(*wiretest.Conn), *tls.Config) {
	t.Helper()
	var server *tls.Config
	if w.secure {
		leaf := certs.For(t, certs.Options{})
		cfg.TLS, server = leaf.Client(), leaf.Server()
		cfg.TLS.ServerName = "localhost"
		server.NextProtos = []string{"http/1.1"}
		if w.h2 {
			server.NextProtos = []string{"h2"}
		}
	}
	return func(c *wiretest.Conn) {
		p := &peer{c: c}
		if w.h2 && !p.startH2() {
			return
		}
		script(p)
	}, server
}

// peer is the server's side of a connection by any of the wires, for scripts that have one
// request after the other.
type peer struct {
	c      *wiretest.Conn
	f      *frames       // nil: HTTP/1
	req    *http.Request // of HTTP/1, for its framing
	text   string        // its head
	stream uint32        // of HTTP/2
}

func (p *peer) startH2() bool {
	if !readPreface(p.c) {
		return false
	}
	p.f = newFrames(p.c)
	return p.f.WriteSettings() == nil
}

// head reads the head of a request. It is false if the client has gone.
func (p *peer) head() bool {
	if p.f != nil {
		p.stream = p.f.request()
		return p.stream != 0
	}
	head, ok := p.c.ReadHead()
	if !ok {
		return false
	}
	p.text = head
	var err error
	p.req, err = http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	return err == nil
}

// fields are those of the request whose head was read.
func (p *peer) fields() http.Header {
	h := http.Header{}
	if p.f != nil {
		for _, field := range p.f.meta.RegularFields() {
			h.Add(field.Name, field.Value)
		}
		return h
	}
	for line := range strings.SplitSeq(p.text, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			h.Add(name, value)
		}
	}
	return h
}

// body reads the request to its end, and says how much that was and whether it came.
func (p *peer) body() (n int, whole bool) {
	if p.f != nil {
		return p.f.readBody()
	}
	if len(p.req.TransferEncoding) > 0 {
		body, ok := p.c.ReadChunkedBody()
		return len(body), ok
	}
	body, ok := p.c.ReadBody(int(max(p.req.ContentLength, 0)))
	return len(body), ok
}

// answer writes the head of a response with a body of so many bytes.
func (p *peer) answer(status, length int) {
	if p.f != nil {
		p.f.head(p.stream, status, length == 0, "content-length", strconv.Itoa(length))
		return
	}
	p.c.Write("HTTP/1.1 " + strconv.Itoa(status) + " X\r\nContent-Length: " + strconv.Itoa(length) + "\r\n\r\n")
}

// halfHead writes a part of one.
func (p *peer) halfHead() {
	if p.f == nil {
		p.c.Write("HTTP/1.1 200 OK\r\nContent-")
		return
	}
	p.f.buf.Reset()
	p.f.enc.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	p.f.WriteHeaders(http2.HeadersFrameParam{StreamID: p.stream, BlockFragment: p.f.buf.Bytes()})
}

// data writes a part of the response's body; last says that it is the end.
func (p *peer) data(s string, last bool) {
	if p.f == nil {
		p.c.Write(s)
		return
	}
	p.f.WriteData(p.stream, last, []byte(s))
}

// ok is a whole response.
func (p *peer) ok() {
	p.answer(200, 2)
	p.data("ok", true)
}

// silent says nothing, but hears that the client goes.
func (p *peer) silent() {
	if p.f == nil {
		p.c.Stall()
		return
	}
	for p.f.next() != nil {
	}
}

// hang takes nothing more of a body. With HTTP/2 that is a window which does not open; were the
// connection not read, net/http's reader might wait for the writer's lock, and a bubble's clock
// stands still as long as anybody waits for a lock.
func (p *peer) hang() {
	if p.f == nil {
		p.c.Hang()
		return
	}
	p.silent()
}

// fine answers all requests.
func (p *peer) fine() {
	for p.head() {
		if _, ok := p.body(); !ok {
			return
		}
		p.ok()
	}
}

// pipeBody is one that nobody writes to. Closing ends its Read.
type pipeBody struct {
	*io.PipeReader
	closed atomic.Int32
}

func newPipeBody() *pipeBody {
	r, _ := io.Pipe()
	return &pipeBody{PipeReader: r}
}

func (b *pipeBody) Close() error {
	b.closed.Add(1)
	return b.PipeReader.Close()
}

// bodies are the kinds of bodies of requests that are sent in different ways. closed is how
// often it was closed, or nil where nobody can know.
var bodies = []struct {
	name string
	make func() (body io.Reader, closed func() int32)
}{
	{"none", func() (io.Reader, func() int32) { return nil, nil }},
	{"small", func() (io.Reader, func() int32) { return strings.NewReader("small"), nil }},
	{"buffer", func() (io.Reader, func() int32) { return bytes.NewBufferString(strings.Repeat("b", 1000)), nil }},
	{"large", func() (io.Reader, func() int32) { return bytes.NewReader(make([]byte, 1<<20)), nil }},
	{"stream", func() (io.Reader, func() int32) {
		b := &onceBody{Reader: io.LimitReader(zeros{}, 300<<10)}
		return b, b.closed.Load
	}},
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// interim writes an interim response.
func (p *peer) interim(status int) {
	if p.f != nil {
		p.f.head(p.stream, status, false)
		return
	}
	p.c.Write("HTTP/1.1 " + strconv.Itoa(status) + " X\r\n\r\n")
}

// empty writes the head of a response that has no body.
func (p *peer) empty(status int) {
	if p.f != nil {
		p.f.head(p.stream, status, true)
		return
	}
	p.c.Write("HTTP/1.1 " + strconv.Itoa(status) + " X\r\n\r\n")
}

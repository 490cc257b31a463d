package simulate

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

// turn is one request of HTTP/1 that is being answered.
type turn struct {
	*server
	host   Host
	nc     net.Conn // below TLS
	conn   net.Conn // what is spoken to
	br     *bufio.Reader
	req    *http.Request
	id     identity
	answer Answer
	op     *Op
	link   *link
}

// serveConn serves a connection, which came to the host itself or through a proxy.
func (s *server) serveConn(host Host, nc net.Conn, via string) {
	defer nc.Close()
	conn, state := nc, (*tls.ConnectionState)(nil)
	if host.secure() {
		tc := tls.Server(nc, s.tls(host))
		if tc.Handshake() != nil {
			return
		}
		cs := tc.ConnectionState()
		conn, state = tc, &cs
	}
	br := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		if req.Method == http.MethodConnect && host.isProxy() {
			if _, err := io.WriteString(nc, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
				s.serveConn(Host(req.URL.Hostname()), nc, host.via(req))
			}
			return
		}
		t := &turn{server: s, host: host, nc: nc, conn: conn, br: br, req: req, link: s.net.link(nc.RemoteAddr().String())}
		t.id, t.answer, t.op = s.identify(host, via, req, state)
		if !t.run() {
			return
		}
	}
}

// via is the way through a proxy, as the proxy sees it.
func (h Host) via(req *http.Request) string {
	text, _ := strings.CutPrefix(req.Header.Get("Proxy-Authorization"), "Basic ")
	login, _ := base64.StdEncoding.DecodeString(text)
	if user := userOf(string(login), password); user != "-" {
		return user + "@" + string(h)
	}
	return string(h)
}

// run answers, and reports whether there may be another request.
func (t *turn) run() (keep bool) {
	t.enter()
	defer t.leave()
	if t.answer.Early && t.req.Body != nil {
		t.note(t.op, t.host, t.id, t.req.Method, -1)
	} else if !t.readBody() {
		return false
	}
	if t.answer.Slow > 0 {
		rest(t.done, t.answer.Slow)
	}
	switch {
	case t.op != nil && t.op.Kind == Socket:
		return t.serveSocket()
	case t.op != nil && t.op.Kind == Events:
		return t.serveEvents()
	}
	response, ends := t.response()
	if !t.send(response) || ends {
		return false
	}
	_, err := io.Copy(io.Discard, t.req.Body) // what is left of it
	return err == nil && !t.req.Close
}

// readBody reads the request's body and looks whether it is the right one.
func (t *turn) readBody() bool {
	body, err := io.ReadAll(t.req.Body)
	if err != nil {
		return false // it has not come whole
	}
	if t.op != nil && t.op.Kind == Request && t.req.Method == t.op.Method && !bytes.Equal(body, t.op.body()) {
		t.complain(fmt.Sprintf("op %d: its request came with %d other bytes, of %d", t.op.ID, len(body), t.op.Body))
	}
	t.note(t.op, t.host, t.id, t.req.Method, len(body))
	return true
}

// body is what a request sends.
func (op *Op) body() []byte { return filler(fmt.Sprintf("request %d", op.ID), op.Body) }

// response is all bytes of the answer, and whether the connection ends with it.
func (t *turn) response() (all []byte, ends bool) {
	var b bytes.Buffer
	for range t.answer.Interim {
		b.WriteString("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
	}
	header, body := t.head()
	status := t.id.Status
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, http.StatusText(status), t.now())
	framing := t.answer.Framing
	if t.op != nil && t.op.Kind == Save {
		framing = t.answer.fileFraming(status)
	}
	empty := status == http.StatusNoContent || status == http.StatusNotModified
	switch {
	case empty:
	case t.req.Method == http.MethodHead || framing == "length":
		header.Set("Content-Length", fmt.Sprint(len(body)))
		framing = "length"
	case framing == "chunked":
		header.Set("Transfer-Encoding", "chunked")
	default:
		header.Set("Connection", "close")
		ends = true
	}
	header.Write(&b)
	b.WriteString("\r\n")
	if !empty && t.req.Method != http.MethodHead {
		writeBody(&b, body, framing)
	}
	if t.answer.Fault == Extra && !ends { // in the same segment: what comes later may be the next answer for all anybody knows
		b.Write(t.poison())
	}
	return b.Bytes(), ends || t.answer.Fault == Close
}

// poison is another response, which is nobody's.
func (t *turn) poison() []byte {
	id := identity{Resource: "poison/1", Auth: "-", Cookie: "-", Cert: "-", Via: direct, Server: t.host, Status: 200}
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nX-Sim: %s\r\nContent-Length: %d\r\n\r\n%s", id, len(id.body()), id.body())
}

func writeBody(b *bytes.Buffer, body []byte, framing string) {
	if framing != "chunked" {
		b.Write(body)
		return
	}
	for len(body) > 0 {
		n := min(len(body), 7000)
		fmt.Fprintf(b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\n\r\n")
}

// send writes the answer up to its fault. It reports whether it was written whole.
func (t *turn) send(response []byte) bool {
	at := len(response) * t.answer.At / 1000
	switch t.answer.Fault {
	case Cut, Reset:
		t.write(response[:at])
		t.leave()
		if c, ok := t.nc.(*serverConn); ok && t.answer.Fault == Reset {
			c.reset()
		}
		t.nc.Close()
		return false
	case Garbage:
		t.write([]byte("\x16\x03garbage, and no HTTP\r\n\r\n"))
		return false
	case Stall:
		if at == len(response) {
			t.leave() // for the client it is over
		}
		if !t.write(response[:at]) {
			return false
		}
		rest(t.done, t.answer.Stall)
		response = response[at:]
	default:
	}
	if len(response) == 0 {
		t.leave()
		return true
	}
	last := len(response) - 1
	if !t.write(response[:last]) {
		return false
	}
	t.leave() // from here on the client may send another request
	return t.write(response[last:])
}

func (t *turn) write(p []byte) bool {
	_, err := t.conn.Write(p)
	return err == nil
}

// enter and leave count what is under way, and hold it against the limits.
func (t *turn) enter() {
	policy := t.id.Cert
	if t.op != nil && t.op.Kind == Socket {
		policy += " only HTTP/1"
	}
	if text := t.net.enter(t.link, policy, &t.plan.Client); text != "" {
		t.complain(text)
	}
}

func (t *turn) leave() { t.net.leave(t.link) }

// head is the header of the answer, and its body.
func (s *server) head(id *identity, answer Answer, op *Op, req *http.Request) (http.Header, []byte) {
	h := http.Header{"X-Sim": {id.String()}}
	if answer.Redirect != "" {
		h.Set("Location", answer.Redirect.url()+req.URL.RequestURI())
	}
	if r := id.shared(); r != nil {
		maps.Copy(h, r.header(id))
		if req.Header.Get("If-None-Match") == h.Get("Etag") {
			id.Status = http.StatusNotModified
			return h, nil
		}
		if r.empty {
			return h, nil
		}
		return h, id.body()
	}
	h.Set("Cache-Control", "no-store")
	if op != nil && op.Kind == Save {
		return s.file(h, id, answer, req)
	}
	return h, id.body()
}

// now is the time by the servers' clocks.
func (s *server) now() string {
	return time.Now().Add(s.plan.Client.Skew).UTC().Format(http.TimeFormat)
}

func (t *turn) head() (http.Header, []byte) { return t.server.head(&t.id, t.answer, t.op, t.req) }

package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// fault is one way in which the flaky server fails. What it does depends on
// the path alone, so that every request has an outcome that is known before.
type fault struct {
	path string // first element of the path
	// reply is what is written; empty for nothing.
	reply string
	// then is what follows the reply.
	then ending
}

// ending is what the flaky server does with the connection after a reply.
type ending uint8

const (
	keep  ending = iota // wait for the next request
	cut                 // close it
	reset               // close it with a TCP reset
	stall               // say nothing until the client has gone
)

// faultSchedule is the schedule of the flaky server. /ok is the one that works.
func faultSchedule() []fault {
	gz := string(gzipData(fixedText(3000)))
	half := gz[:len(gz)/2]
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	return []fault{
		{"ok", head + "Content-Length: 3\r\n\r\nok\n", keep},
		{"busy", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nbusy\n", keep},
		{"loop", "HTTP/1.1 302 Found\r\nLocation: /loop/again\r\nContent-Length: 0\r\n\r\n", keep},
		{"away", "HTTP/1.1 302 Found\r\nLocation: ftp://example.test/\r\nContent-Length: 0\r\n\r\n", keep},
		{"hang-up", "", cut},
		{"cut-head", "HTTP/1.1 200 OK\r\nContent-Ty", cut},
		{"reset-head", "HTTP/1.1 200 OK\r\nContent-Ty", reset},
		{"garbage", "\x16\x03\x01 this is not HTTP\r\n\r\n", cut},
		{"cut-body", head + "Content-Length: 1000\r\n\r\n" + strings.Repeat("x", 500), cut},
		{"cut-chunk", head + "Transfer-Encoding: chunked\r\n\r\n10\r\nonly some", cut},
		{"bad-chunk", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n", cut},
		{"cut-gzip", head + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(half)) + half, keep},
		{"stall-head", "", stall},
		{"stall-body", head + "Content-Length: 1000\r\n\r\nfirst", stall},
	}
}

// flakyServer is the server that cuts, resets, stalls and answers 503. It
// writes bytes, for no HTTP server can be talked into this.
type flakyServer struct {
	meter  *meter
	faults map[string]fault
}

// serveFlaky starts the flaky server.
func (u *upstreams) serveFlaky(ctx context.Context) error {
	s := &flakyServer{meter: u.meter, faults: map[string]fault{}}
	for _, f := range faultSchedule() {
		s.faults[f.path] = f
	}
	listener, err := serveConns(ctx, s.serveConn)
	if err != nil {
		return err
	}
	u.flaky = listener.address()
	u.close = append(u.close, listener.Close)
	return nil
}

// serveConn answers the requests of one connection.
func (s *flakyServer) serveConn(c net.Conn) {
	s.meter.countConn()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		leave := s.meter.beginRequest(req.Host)
		name, _, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
		f, ok := s.faults[name]
		leave()
		if !ok {
			return
		}
		if _, err := io.WriteString(c, f.reply); err != nil {
			return
		}
		switch f.then {
		case keep:
			continue
		case stall:
			_, _ = in.Peek(1)
		case reset:
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		case cut:
		}
		return
	}
}

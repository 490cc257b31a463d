package simulate

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

type connKey struct{}

// withConn keeps the connection below TLS for the handler.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if tc, ok := c.(*tls.Conn); ok {
		c = tc.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// handle answers a request of HTTP/2.
func (s *server) handle(w http.ResponseWriter, req *http.Request) {
	id, answer, op := s.identify(TLS2, direct, req, req.TLS)
	if answer.Early && req.ContentLength != 0 {
		s.note(op, TLS2, id, req.Method, -1)
	} else {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		if op != nil && op.Kind == Request && req.Method == op.Method && !bytes.Equal(body, op.body()) {
			s.complain(fmt.Sprintf("op %d: its request came with %d other bytes, of %d", op.ID, len(body), op.Body))
		}
		s.note(op, TLS2, id, req.Method, len(body))
	}
	s.pause(req, answer.Slow)
	if op != nil && op.Kind == Events {
		s.streamEvents(w, req, answer, op)
		return
	}
	header, body := s.head(&id, answer, op, req)
	header.Set("Date", s.now())
	for name, values := range header {
		w.Header()[name] = values
	}
	if answer.Framing == "length" && id.Status != http.StatusNoContent && id.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	if answer.Fault == Close {
		w.Header().Set("Connection", "close")
	}
	// All fields are set by now: an interim response whose stream has ended may still be
	// on its way to the wire.
	for range answer.Interim {
		w.WriteHeader(http.StatusEarlyHints)
	}
	s.sendHTTP2(w, req, id.Status, body, answer)
}

// pause waits, but not for a client that has gone.
func (s *server) pause(req *http.Request, d time.Duration) {
	if d != 0 {
		rest(either(s.done, req.Context().Done()), max(d, 0))
	}
}

// either is closed when one of the two is. Its goroutine ends with them.
func either(a, b <-chan struct{}) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		select {
		case <-a:
		case <-b:
		}
	}()
	return c
}

func (s *server) sendHTTP2(w http.ResponseWriter, req *http.Request, status int, body []byte, answer Answer) {
	if answer.Fault == Garbage {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	if status == http.StatusNoContent || status == http.StatusNotModified || req.Method == http.MethodHead {
		return
	}
	at := len(body) * answer.At / 1000
	switch answer.Fault {
	case Cut, Reset, Stall:
		w.Write(body[:at])
		http.NewResponseController(w).Flush()
		body = body[at:]
	default:
	}
	switch answer.Fault {
	case Cut:
		panic(http.ErrAbortHandler)
	case Reset:
		if c, ok := req.Context().Value(connKey{}).(*serverConn); ok {
			c.reset()
		}
		panic(http.ErrAbortHandler)
	case Stall:
		d := answer.Stall
		if d == 0 {
			d = -1
		}
		s.pause(req, d)
	default:
	}
	w.Write(body)
}

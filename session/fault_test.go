package session_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// answer gives the first request one answer and all others another.
func answer(text string) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write(text) {
			fine(c)
		}
	}
}

func response(header, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", header, len(body), body)
}

// fault is one thing that goes wrong at one point, and the class that it has.
type fault struct {
	name   string
	script func(*wiretest.Conn) // of the first connection
	class  error
	cause  error // nil: any
	opts   []session.Option
	method string
}

func faults() []fault {
	closeAfter := func(text string) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.Write(text)
			}
		}
	}
	resetAfter := func(text string) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.Write(text)
				c.Pause(20 * time.Millisecond) // let the client read it first
				c.Reset()
			}
		}
	}
	data := gzipped(strings.Repeat("compressible ", 1000))
	half := data[:len(data)/2]
	broken := []byte(data)
	broken[len(broken)-6] ^= 0xff
	const gz = "Content-Encoding: gzip\r\n"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	gone, bad, payload := errors.ErrServerDisconnected, errors.ErrBadHTTPMessage, errors.ErrClientPayload
	upload := opt(session.Bytes(make([]byte, 8<<20)))
	stream := opt(session.Stream(func(yield func([]byte, error) bool) {
		for range 100 {
			if !yield(make([]byte, 100_000), nil) {
				return
			}
		}
	}))
	all := []fault{
		{name: "close before the head", script: closeAfter(""), class: gone, cause: io.EOF},
		{name: "reset before the head", script: resetAfter(""), class: gone, cause: syscall.ECONNRESET},
		{name: "close in the status line", script: closeAfter("HTTP/1.1 20"), class: gone},
		{name: "close in the head", script: closeAfter("HTTP/1.1 200 OK\r\nContent-Le"), class: gone, cause: io.ErrUnexpectedEOF},
		{name: "close after a field", script: closeAfter("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"), class: gone},
		{name: "reset in the head", script: resetAfter("HTTP/1.1 200 OK\r\nContent-Le"), class: gone, cause: syscall.ECONNRESET},
		{name: "garbage", script: stallAfter("SSH-2.0-OpenSSH_9.9\r\n"), class: bad},
		{name: "bad version", script: stallAfter("HTTP/9.x 200 OK\r\n\r\n"), class: bad},
		{name: "bad status", script: stallAfter("HTTP/1.1 2OO OK\r\n\r\n"), class: bad},
		{name: "bad field", script: stallAfter("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), class: bad},
		{name: "two lengths", script: stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), class: bad},
		{name: "bad length", script: stallAfter("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"), class: bad},
		{name: "unknown coding of the transfer", script: stallAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n"), class: bad},
		{name: "endless head", script: func(c *wiretest.Conn) {
			c.ReadHead()
			for c.Write("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Filler: "+strings.Repeat("y", 1000)+"\r\n", 2000)) {
			}
		}, class: bad},
		{name: "close in a body", script: closeAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), class: errors.ErrContentLength, cause: io.ErrUnexpectedEOF},
		{name: "reset in a body", script: resetAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), class: payload, cause: syscall.ECONNRESET},
		{name: "close in a chunked body", script: closeAfter(chunked + "3\r\nabc\r\n"), class: errors.ErrTransferEncoding, cause: io.ErrUnexpectedEOF},
		{name: "close in a chunk", script: closeAfter(chunked + "3\r\nab"), class: errors.ErrTransferEncoding, cause: io.ErrUnexpectedEOF},
		{name: "reset in a chunked body", script: resetAfter(chunked + "3\r\nabc\r\n"), class: payload, cause: syscall.ECONNRESET},
		{name: "close in a trailer", script: closeAfter(chunked + "3\r\nabc\r\n0\r\nX-T"), class: errors.ErrTransferEncoding},
		{name: "bad size of a chunk", script: stallAfter(chunked + "zz\r\nabc\r\n"), class: errors.ErrTransferEncoding},
		{name: "no end of a chunk", script: stallAfter(chunked + "3\r\nabcdef\r\n0\r\n\r\n"), class: errors.ErrTransferEncoding},
		{name: "huge chunk", script: stallAfter(chunked + "fffffffffffffffff\r\n"), class: errors.ErrTransferEncoding},
		{name: "reset in an endless body", script: resetAfter("HTTP/1.1 200 OK\r\n\r\nabc"), class: payload, cause: syscall.ECONNRESET},
		{name: "half of gzip", script: answer(response(gz, half)), class: errors.ErrContentEncoding, cause: io.ErrUnexpectedEOF},
		{name: "close in gzip", script: closeAfter("HTTP/1.1 200 OK\r\n" + gz + "Content-Length: 1000\r\n\r\n" + half), class: errors.ErrContentLength, cause: io.ErrUnexpectedEOF},
		{name: "bad checksum of gzip", script: answer(response(gz, string(broken))), class: errors.ErrContentEncoding},
		{name: "no gzip", script: answer(response(gz, "plain text")), class: errors.ErrContentEncoding},
		{name: "junk after gzip", script: answer(response(gz, data+"junk")), class: errors.ErrContentEncoding},
		{name: "half of deflate", script: answer(response("Content-Encoding: deflate\r\n", "\x78\x9c\x4b")), class: errors.ErrContentEncoding},
	}
	for name, body := range map[string][]session.Option{"upload": upload, "stream": stream} {
		all = append(all,
			fault{name: "close in the " + name, script: func(c *wiretest.Conn) { c.ReadHead(); c.ReadBody(1000) }, class: gone, opts: body, method: "POST"},
			fault{name: "reset in the " + name, script: func(c *wiretest.Conn) { c.ReadHead(); c.ReadBody(1000); c.Reset() }, class: gone, opts: body, method: "POST"})
	}
	return all
}

// TestFaults breaks the exchange in every way at every point. The class is
// right, nothing is left behind, and the next request works.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				if c.N == 0 {
					f.script(c)
					return
				}
				fine(c)
			})
			s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 20 * time.Second}})
			method := f.method
			if method == "" {
				method = "GET"
			}
			resp, err := s.Request(t.Context(), method, srv.URL()+"/?k=canary", append(f.opts, session.Header("X-Api-Key", "canary"))...)
			if err == nil {
				_, err = resp.Bytes()
			}
			if !errors.Is(err, f.class) || !errors.Is(err, errors.ErrClient) {
				t.Errorf("got %v, want %v", err, f.class)
			}
			if f.cause != nil && !errors.Is(err, f.cause) {
				t.Errorf("got %#v, want the cause %v", err, f.cause)
			}
			if err != nil && (strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 3000) {
				t.Errorf("the text is not fit to print: %q", err)
			}
			if errors.Is(f.class, errors.ErrBadHTTPMessage) {
				if re, ok := errors.AsType[*errors.BadHTTPMessageError](err); !ok || re.Status != 400 {
					t.Errorf("got %#v, want status 400", err)
				}
			}
			resp, err = s.Get(t.Context(), srv.URL())
			if got := readBody(t, resp, err); got != "ok" {
				t.Errorf("the next request: got %q", got)
			}
		})
	}
}

// TestHandshakeFaults: what is wrong with TLS before a request is sent.
func TestHandshakeFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script func(*wiretest.Conn)
		class  error
	}{
		"close":   {func(c *wiretest.Conn) {}, errors.ErrClientConnectorSSL},
		"reset":   {func(c *wiretest.Conn) { c.ReadBody(10); c.Reset() }, errors.ErrClientConnectorSSL},
		"garbage": {func(c *wiretest.Conn) { c.Write("garbage, not a record"); c.Stall() }, errors.ErrClientConnectorSSL},
		"http":    {func(c *wiretest.Conn) { c.Write("HTTP/1.1 400 Bad Request\r\n\r\n"); c.Stall() }, errors.ErrClientConnectorSSL},
		"alert": {func(c *wiretest.Conn) {
			c.ReadBody(5)
			c.Write("\x15\x03\x03\x00\x02\x02\x28")
			c.Stall()
		}, errors.ErrClientConnectorSSL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, test.script)
			s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 20 * time.Second}})
			_, err := s.Get(t.Context(), "https://"+srv.Addr()+"/")
			if !errors.Is(err, test.class) || !errors.Is(err, errors.ErrClientSSL) || !errors.Is(err, errors.ErrClientConnector) {
				t.Errorf("got %v, want %v", err, test.class)
			}
			ce, ok := errors.AsType[*errors.ClientConnectorSSLError](err)
			if !ok || ce.Host != "127.0.0.1" || !ce.TLS || ce.Op != "tls" {
				t.Errorf("got %#v", ce)
			}
		})
	}
}

// TestConnectFaults: nobody there, and no such name.
func TestConnectFaults(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	srv.Close()
	s := newSession(t, session.Config{})
	_, err := s.Get(t.Context(), srv.URL())
	if !errors.Is(err, errors.ErrClientConnector) || errors.Is(err, errors.ErrClientSSL) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refused: got %v", err)
	}
	if ce, ok := errors.AsType[*errors.ClientConnectorError](err); !ok || ce.Host != "127.0.0.1" || ce.Port == 0 || ce.TLS {
		t.Errorf("refused: got %#v", ce)
	}
	_, err = s.Get(t.Context(), "http://name.invalid/")
	if !errors.Is(err, errors.ErrClientConnectorDNS) {
		t.Errorf("no such name: got %v", err)
	}
}

// TestFailingUpload: an error of the caller's own body is told as such, at once,
// and not as one of the server.
func TestFailingUpload(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Stall()
	})
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 20 * time.Second}})
	mine := errors.New("mine")
	_, err := s.Post(t.Context(), srv.URL(), session.Stream(func(yield func([]byte, error) bool) {
		_ = yield([]byte("x"), nil) && yield(nil, mine)
	}))
	if !errors.Is(err, mine) || !errors.Is(err, errors.ErrClientOS) || errors.Is(err, errors.ErrServerConnection) {
		t.Errorf("got %v", err)
	}
	for name, body := range map[string]string{"short": "123", "long": "1234567"} {
		_, err := s.Post(t.Context(), srv.URL(), session.Body(io.MultiReader(strings.NewReader(body))), session.Header("Content-Length", "5"))
		if !errors.Is(err, errors.ErrClientOS) || errors.Is(err, errors.ErrInvalidRequest) { // something was sent
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestEarlyAnswer: a server may answer before it has the whole request.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok {
			c.Write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
			c.Stall()
		}
	})
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 20 * time.Second}})
	var produced atomic.Int64
	stop := make(chan struct{})
	end := sync.OnceFunc(func() { close(stop) })
	defer end()
	resp, err := s.Post(t.Context(), srv.URL(), session.Stream(func(yield func([]byte, error) bool) {
		for yield(make([]byte, 1000), nil) {
			if produced.Add(1) == 10 {
				<-stop // the rest would come later
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || text != "big" || resp.StatusCode != 413 {
		t.Errorf("got %d %q, %v", resp.StatusCode, text, err)
	}
	end()
	if st := s.Connector().Stats(); st.Idle != 0 || st.InUse != 0 {
		t.Errorf("the connection was kept: %+v", st)
	}
}

// TestCancelEverywhere ends the caller's context at each point of an exchange.
// The call returns at once, even if the caller's own body blocks, and the slot
// is free though nobody closes the response.
func TestCancelEverywhere(t *testing.T) {
	t.Parallel()
	blocked := func() session.Option {
		r, _ := io.Pipe()
		return session.Body(r)
	}
	stuck := func() session.Option {
		return session.Body(readFunc(func([]byte) (int, error) { select {} }))
	}
	const s = time.Second
	for name, test := range map[string]struct {
		script func(*wiretest.Conn)
		https  bool
		body   func() session.Option
		before func(*testing.T, *bubble) func()
	}{
		"in the queue":     {script: fine, before: takeSlot},
		"while dialing":    {before: func(t *testing.T, b *bubble) func() { b.net.Blackhole("slow:80"); return func() {} }},
		"in the handshake": {script: func(c *wiretest.Conn) { c.Stall() }, https: true},
		"before the head":  {script: func(c *wiretest.Conn) { c.Stall() }},
		"in the head":      {script: stallAfter("HTTP/1.1 200 OK\r\nContent-")},
		"in a body":        {script: stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")},
		"in a chunk":       {script: stallAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")},
		"in a trailer":     {script: stallAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX")},
		"in gzip":          {script: stallAfter("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\n\r\n\x1f\x8b")},
		"in the upload":    {script: func(c *wiretest.Conn) { c.Hang() }, body: func() session.Option { return session.Bytes(make([]byte, 1<<20)) }},
		"in a pipe":        {script: func(c *wiretest.Conn) { c.Stall() }, body: blocked},
		"in a stuck body":  {script: func(c *wiretest.Conn) { c.Stall() }, body: stuck},
	} {
		if name == "in a stuck body" {
			continue // it can never end; see TestCancelStuckBody
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			off := session.ClientTimeout{Total: -1, SockConnect: -1}
			inBubble(t, connector.Config{Limit: 1}, off, func(t *testing.T, b *bubble) {
				url, addr := "http://slow/", "slow:80"
				if test.https {
					url, addr = "https://slow/", "slow:443"
				}
				if test.script != nil {
					b.serve(t, addr, test.script)
				}
				b.serve(t, "other:80", stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc"))
				undo := func() {}
				if test.before != nil {
					undo = test.before(t, b)
				}
				ctx, cancel := context.WithCancel(context.Background())
				time.AfterFunc(s, cancel)
				start := time.Now()
				var o []session.Option
				if test.body != nil {
					o = append(o, test.body())
				}
				resp, err := b.s.Post(ctx, url, o...)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				if !errors.Is(err, context.Canceled) || time.Since(start) != s {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
				undo()
			})
		})
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// TestCancelStuckBody: not even a Read that never returns holds the call up.
func TestCancelStuckBody(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	s := newSession(t, session.Config{})
	release := make(chan struct{})
	reading := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reading
		cancel()
	}()
	_, err := s.Post(ctx, srv.URL(), session.Body(readFunc(func([]byte) (int, error) {
		close(reading)
		<-release
		return 0, io.EOF
	})))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
}

// TestCancelFreesTheSlot of a response that nobody reads or closes.
func TestCancelFreesTheSlot(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{Limit: 1}, session.ClientTimeout{Total: -1}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", func(c *wiretest.Conn) {
			if c.N == 0 {
				stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")(c)
				return
			}
			fine(c)
		})
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := b.s.Get(ctx, "http://h/")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := b.get(t.Context(), "http://h/"); err != nil {
			t.Errorf("the next request: %v", err)
		}
		if _, err := resp.Bytes(); !errors.Is(err, context.Canceled) {
			t.Errorf("reading after all: got %v", err)
		}
	})
}

package tunnel_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
)

// foreign is a connection that gives its bytes, n at a time, and then an end.
type foreign struct {
	net.Conn
	rest []byte
	n    int
}

func (f *foreign) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), f.n)], f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *foreign) Write(p []byte) (int, error)   { return len(p), nil }
func (f *foreign) SetDeadline(t time.Time) error { return nil }
func (f *foreign) Close() error                  { return nil }

// FuzzConnect feeds foreign answers. The outcome must not depend on how they
// arrive, no byte of a tunnel may be lost, and every error has its class.
func FuzzConnect(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\nearly", "HTTP/1.0 200\n\n", "HTTP/1.1 100 A\r\n\r\nHTTP/1.1 299 \r\nA: b\r\n c\r\n\r\n",
		"HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\nbody", "HTTP/1.1 502 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
		"HTTP/1.1 200 O\rK\r\n\r\n", "SSH-2.0", "", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 101 \r\n\r\n\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		whole, err := fuzzConnect(t, answer, 1<<20)
		again, errAgain := fuzzConnect(t, answer, 1)
		if !bytes.Equal(whole, again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Errorf("got %q, %v at once, %q, %v by bytes", whole, err, again, errAgain)
		}
		if err == nil && !bytes.HasSuffix(answer, whole) {
			t.Errorf("got %q, which is no end of the answer", whole)
		}
	})
}

func fuzzConnect(t *testing.T, answer []byte, n int) ([]byte, error) {
	nc, err := tunnel.Connect(t.Context(), &foreign{rest: answer, n: n}, target, nil)
	if err != nil {
		fuzzError(t, err)
		if refused, ok := errors.AsType[*tunnel.Refused](err); ok && len(refused.Body) > 4<<10 {
			t.Errorf("got a body of %d bytes", len(refused.Body))
		}
		return nil, err
	}
	rest, err := io.ReadAll(nc)
	if err != nil {
		t.Error(err)
	}
	return rest, nil
}

func fuzzError(t *testing.T, err error) {
	if !errors.Is(err, errors.ErrClientHTTPProxy) && !errors.Is(err, errors.ErrClientProxyConnection) {
		t.Errorf("got %v without a class", err)
	}
	if text := err.Error(); strings.ContainsAny(text, "\r\n\x00\x1b") || len(text) > 400 {
		t.Errorf("got the text %q", text)
	}
}

// FuzzSOCKS5 does the same with SOCKS.
func FuzzSOCKS5(f *testing.F) {
	for _, seed := range []string{
		"\x05\x00" + bound + "early", "\x05\x02\x01\x00\x05\x00\x00\x03\x02ab\x00\x50", "\x05\xff", "\x05\x02\x01\x01",
		"\x05\x00\x05\x05", "\x05\x00\x05\x00\x00\x04" + strings.Repeat("a", 18), "HTTP/1.1 400\r\n", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answers []byte) {
		whole, one := &foreign{rest: answers, n: 1 << 20}, &foreign{rest: answers, n: 1}
		_, err := tunnel.SOCKS5(t.Context(), whole, target, nil)
		_, errAgain := tunnel.SOCKS5(t.Context(), one, target, nil)
		if len(whole.rest) != len(one.rest) || (err == nil) != (errAgain == nil) {
			t.Errorf("got %v at once, %v by bytes", err, errAgain)
		}
		if err != nil {
			fuzzError(t, err)
		}
	})
}

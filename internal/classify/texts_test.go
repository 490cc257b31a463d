package classify_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

const canary = "s3cr3t-canary"

// A server that leaves: one clause says how, and when. net/http's words are below.
func TestDisconnectTexts(t *testing.T) {
	t.Parallel()
	malformed := errors.New("net/http: HTTP/1.x transport connection broken: malformed MIME header: missing colon: \"Content-Le\"")
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, tt := range []struct {
		name     string
		err      error
		exchange classify.Exchange
		want     string
		is       []error
	}{
		{"at once", io.EOF, classify.Exchange{}, "the connection ended before the first byte of the response", []error{io.EOF}},
		{
			"in the head", malformed,
			classify.Exchange{Received: 23, ReadErr: io.EOF},
			"the connection ended after 23 bytes of the response's head",
			[]error{io.ErrUnexpectedEOF, malformed},
		},
		{"one byte", io.ErrUnexpectedEOF, classify.Exchange{Received: 1}, "the connection ended after 1 byte of the response's head", []error{io.ErrUnexpectedEOF}},
		{
			"reset", malformed,
			classify.Exchange{Received: 5, ReadErr: reset},
			"the connection was reset after 5 bytes of the response's head",
			[]error{syscall.ECONNRESET, malformed},
		},
		{"in the request", fmt.Errorf("write: %w", syscall.EPIPE), classify.Exchange{}, "the connection was broken off before the first byte of the response", []error{syscall.EPIPE}},
		{"HTTP/2 stream", errors.New("stream error: stream ID 1; INTERNAL_ERROR; received from peer"), classify.Exchange{}, "the server ended the stream (INTERNAL_ERROR)", nil},
		{
			"HTTP/2 connection", errors.New("http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=\"ErrCode=X\""),
			classify.Exchange{},
			"the server closed the HTTP/2 connection (NO_ERROR)", nil,
		},
		{"HTTP/2 with another word", errors.New("http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM"), classify.Exchange{}, "the server closed the HTTP/2 connection (ENHANCE_YOUR_CALM)", nil},
		{"HTTP/2 shutdown", errors.New("http2: Transport received Server's graceful shutdown GOAWAY"), classify.Exchange{}, "the server closed the HTTP/2 connection", nil},
		{"HTTP/2 without a ping", errors.New("http2: client connection lost"), classify.Exchange{}, "the HTTP/2 connection was lost: no answer to a ping", nil},
		{"HTTP/2 closed", errors.New("http2: client conn is closed"), classify.Exchange{}, "the HTTP/2 connection is closed", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := classify.HeadFailure(tt.err, tt.exchange)
			if got, want := err.Error(), "server disconnected: "+tt.want; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			for _, want := range append(tt.is, errors.ErrServerDisconnected, tt.err) {
				if !errors.Is(err, want) {
					t.Errorf("got %#v, want it to be %v", err, want)
				}
			}
		})
	}
}

// What is no HTTP is told with the rule, the request and the peer, and with no status
// that nobody has sent; aiohttp's 400 is in the struct.
func TestBadHeadTexts(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(context.Background(), "", "http://user:"+canary+"@h/p#part", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Method = ""
	exchange := classify.Exchange{Host: "h:80", Received: 1, Info: classify.RequestInfo(req)}
	const start = "get http://***@h/p: bad response from h:80: "
	for _, tt := range []struct{ cause, want string }{
		{"header field longer than 8190 bytes", "header field longer than 8190 bytes"},
		{"net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"OK\"", "malformed HTTP status code \"OK\""},
		{"net/http: HTTP/1.x transport connection broken: malformed MIME header line: A b", "malformed header: A b"},
		{"net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 1000 bytes; aborted", "head longer than 1000 bytes"},
		{"http: message cannot contain multiple Content-Length headers; got [\"1\" \"2\"]", "message cannot contain multiple Content-Length headers; got [\"1\" \"2\"]"},
		{"stream error: stream ID 1; PROTOCOL_ERROR; http2: response header list larger than advertised limit", "response header list larger than advertised limit (PROTOCOL_ERROR)"},
		{"stream error: stream ID 1; PROTOCOL_ERROR", "the server broke a rule of HTTP/2 (PROTOCOL_ERROR)"},
		{"connection error: FRAME_SIZE_ERROR", "the server broke a rule of HTTP/2 (FRAME_SIZE_ERROR)"},
	} {
		cause := errors.New(tt.cause)
		for name, err := range map[string]error{"HeadFailure": classify.HeadFailure(cause, exchange), "BadHead": classify.BadHead(cause, exchange)} {
			if got, want := err.Error(), start+tt.want; got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			bad, ok := errors.AsType[*errors.BadHTTPMessageError](err)
			if !ok || bad.Status != 400 || !errors.Is(err, cause) || bad.RequestInfo.Method != "GET" {
				t.Errorf("%s: got %#v", name, err)
			}
			if wrapped := errors.Wrap("GET", req.URL, err); wrapped != err {
				t.Errorf("%s: it names its request, and is wrapped all the same: %v", name, wrapped)
			}
		}
	}
	if got := (&errors.BadHTTPMessageError{}).Error(); got != "malformed response" {
		t.Errorf("the zero value: got %q", got)
	}
}

func TestRequestInfo(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("http://h/p?q#part")
	if err != nil {
		t.Fatal(err)
	}
	info := classify.RequestInfo(&http.Request{Method: "PUT", URL: u, Header: http.Header{"A": {"b"}}})
	if info.Method != "PUT" || info.URL.String() != "http://h/p?q" || info.RealURL != u || info.Header.Get("A") != "b" || u.Fragment == "" {
		t.Errorf("got %v, %v", info, info.RealURL)
	}
	if info := classify.RequestInfo(&http.Request{}); info.URL != nil || info.Method != "GET" {
		t.Errorf("no URL: got %v", info)
	}
}

// The texts of bodies that break off have nothing of net/http's either.
func TestBodyTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"malformed chunked encoding":                            "malformed chunked encoding",
		"header line too long":                                  "line of a chunk or a trailer too long",
		"http: unexpected EOF reading trailer":                  "unexpected EOF reading trailer",
		"stream error: stream ID 3; CANCEL; received from peer": "the server ended the stream (CANCEL)",
		"http2: server sent GOAWAY and closed the connection; LastStreamID=3, ErrCode=INTERNAL_ERROR, debug=\"" + canary + "\"": "the server closed the HTTP/2 connection (INTERNAL_ERROR)",
	} {
		cause := errors.New(text)
		err := classify.BodyFailure(cause, 5, -1)
		if got := err.Error(); got != "transfer encoding error: 5 bytes: "+want || strings.Contains(got, canary) {
			t.Errorf("got %q, want %q at its end", got, want)
		}
		if !errors.Is(err, cause) {
			t.Errorf("%s: the cause is lost", text)
		}
	}
}

package middleware_test

import (
	stderrors "errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// errStub is a failure of a stub.
var errStub = stderrors.New("stub: broken")

// stubStep is what a stub does with a request.
type stubStep func(req *http.Request) (*http.Response, error)

// stub is a RoundTripper that follows a script. The last step is repeated. It
// reads and closes the bodies of the requests, as a transport does.
type stub struct {
	steps []stubStep

	mu     sync.Mutex
	reqs   []*http.Request
	bodies []string
	made   []*stubBody
}

func (s *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	s.mu.Lock()
	step := s.steps[min(len(s.reqs), len(s.steps)-1)]
	s.reqs, s.bodies = append(s.reqs, req), append(s.bodies, string(sent))
	s.mu.Unlock()
	resp, err := step(req)
	if resp != nil {
		resp.Request = req
		if b, ok := resp.Body.(*stubBody); ok {
			s.mu.Lock()
			s.made = append(s.made, b)
			s.mu.Unlock()
		}
	}
	return resp, err
}

func (s *stub) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reqs)
}

// request is the n-th that came, from 0.
func (s *stub) request(n int) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reqs[n]
}

// open counts the bodies of responses that nobody closed.
func (s *stub) open() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.made {
		if b.closed.Load() == 0 {
			n++
		}
	}
	return n
}

// stubBody counts how often it is closed.
type stubBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *stubBody) Close() error {
	b.closed.Add(1)
	return nil
}

func newStubBody(text string) *stubBody { return &stubBody{Reader: strings.NewReader(text)} }

// stubStatus answers; the header is given as names and values in turn.
func stubStatus(code int, text string, header ...string) stubStep {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Add(header[i], header[i+1])
		}
		return &http.Response{
			StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: h, Body: newStubBody(text), ContentLength: int64(len(text)),
		}, nil
	}
}

func stubFail(err error) stubStep {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// stubHang waits for the context.
func stubHang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// roundTrip sends a request through a middleware, and returns status and body.
func roundTrip(t testing.TB, rt http.RoundTripper, req *http.Request) (int, string, error) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		if resp != nil {
			t.Errorf("a response with the error %v", err)
		}
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	return resp.StatusCode, string(body), nil
}

// onceBody is a body without GetBody.
func onceBody(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }

var _ middleware.Middleware = func(next http.RoundTripper) http.RoundTripper { return next }

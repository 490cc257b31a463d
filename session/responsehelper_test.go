package session_test

import (
	stderrors "errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// canned is a session without a network whose every answer is this one.
func canned(cfg session.Config, status int, header http.Header, body string) (*session.Session, error) {
	cfg.Transport = middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := header.Clone()
		if h == nil {
			h = http.Header{}
		}
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Header: h, ContentLength: -1,
			Body: io.NopCloser(strings.NewReader(body)), Request: req,
		}, nil
	})
	return session.New(cfg)
}

// answerOf is a response from http://host.example/dir/page?q=1#top with headers
// given as name, value, name, value.
func answerOf(t *testing.T, status int, body string, header ...string) *session.Response {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	s, err := canned(session.Config{}, status, h, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Get(t.Context(), "http://host.example/dir/page?q=1#top")
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// wantIs checks the class of an error.
func wantIs(t *testing.T, err, class error) {
	t.Helper()
	if !stderrors.Is(err, class) {
		t.Errorf("error %v, want one of the class %q", err, class)
	}
}

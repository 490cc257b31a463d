package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestTransport: any RoundTripper can take the connector's place; total still
// holds, and what only a connector can keep is refused.
func TestTransport(t *testing.T) {
	t.Parallel()
	mock := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/hang" {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: io.NopCloser(strings.NewReader("mock"))}, nil
	})
	s := newSession(t, session.Config{Transport: mock})
	resp, err := s.Get(t.Context(), "http://mock.example/")
	if got := readBody(t, resp, err); got != "mock" {
		t.Errorf("got %q", got)
	}
	if resp.Request == nil || s.Connector() != nil {
		t.Error("no request in the response, or a connector that is not there")
	}
	_, err = s.Get(t.Context(), "http://mock.example/hang", session.Timeout(time.Millisecond))
	if !errors.Is(err, errors.ErrTotalTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the total timeout", err)
	}
	_, err = s.Get(t.Context(), "http://mock.example/", session.Timeouts(session.ClientTimeout{Connect: time.Second}))
	if !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want a refusal", err)
	}
}

// TestMeagreAnswers: a mock need not say more than it wants to.
func TestMeagreAnswers(t *testing.T) {
	t.Parallel()
	mock := middleware.Func(func(req *http.Request) (*http.Response, error) {
		switch req.URL.Path {
		case "/nil":
			return nil, nil //nolint:nilnil // that is the test
		case "/302":
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/200"}}}, nil
		}
		return &http.Response{StatusCode: 200}, nil
	})
	s := newSession(t, session.Config{Transport: mock})
	for _, path := range []string{"/200", "/302"} {
		resp, err := s.Get(t.Context(), "http://mock.example"+path)
		if got := readBody(t, resp, err); got != "" || resp.Reason() != "" || resp.Header == nil {
			t.Errorf("%s: got %q, %v", path, got, resp.Header)
		}
		resp, err = s.Get(t.Context(), "http://mock.example"+path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Content().ReadAny(); err != io.EOF {
			t.Errorf("%s: got %v", path, err)
		}
		resp.Close()
	}
	if resp, err := s.Get(t.Context(), "http://mock.example/nil"); resp != nil || !errors.Is(err, errors.ErrClient) {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestOneShot(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method, " ", r.Close) })
	calls := map[string]func(context.Context, string, ...session.Option) (*session.Response, error){
		"GET": session.Get, "POST": session.Post, "PUT": session.Put, "PATCH": session.Patch,
		"DELETE": session.Delete, "OPTIONS": session.Options,
	}
	for method, call := range calls {
		resp, err := call(t.Context(), rec.URL)
		if got := readBody(t, resp, err); got != method+" true" {
			t.Errorf("%s: got %q", method, got)
		}
	}
	resp, err := session.Head(t.Context(), rec.URL)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("HEAD: got %v, %v", resp, err)
	}
	if _, err := session.Get(t.Context(), "http://127.0.0.1:1/"); !errors.Is(err, errors.ErrClientConnector) {
		t.Errorf("got %v, want a connector error", err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 100_000)) })
	s := newSession(t, session.Config{})
	var done, total int64
	count := session.Progress(func(d, t int64) { done, total = d, t })
	resp, err := s.Get(t.Context(), rec.URL, count)
	readBody(t, resp, err)
	if done != 100_000 {
		t.Errorf("download: got %d of %d", done, total)
	}
	resp, err = s.Post(t.Context(), rec.URL, session.Bytes(make([]byte, 50_000)), count)
	readBody(t, resp, err)
	if done != 50_000 || total != 50_000 {
		t.Errorf("upload: got %d of %d", done, total)
	}
}

func TestMaxBodySize(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 1000)) })
	s := newSession(t, session.Config{Options: opt(session.MaxBodySize(999))})
	resp, err := s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	var large *errors.BodyTooLargeError
	if _, err := resp.Bytes(); !errors.As(err, &large) || large.Limit != 999 || !errors.Is(err, errors.ErrClientPayload) {
		t.Errorf("got %v", err)
	}
	for _, n := range []int64{1000, -1, 0} {
		resp, err := s.Get(t.Context(), rec.URL, session.MaxBodySize(n))
		if got := readBody(t, resp, err); len(got) != 1000 {
			t.Errorf("limit %d: got %d bytes", n, len(got))
		}
	}
}

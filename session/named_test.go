package session_test

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestErrorsNameTheRequest: also those of calls that end before anything is sent.
func TestErrorsNameTheRequest(t *testing.T) {
	t.Parallel()
	const url, shown = "http://h.example/path?q=canary", "http://h.example/path?q=***"
	events := func(ctx context.Context, s *session.Session, e session.EventSource) (last error) {
		e.Session, e.URL = s, url
		for _, last = range e.Events(ctx) {
		}
		return last
	}
	for _, test := range []struct {
		name string
		call func(ctx context.Context, s *session.Session) error
		want string
	}{
		{"closed session", func(ctx context.Context, s *session.Session) error {
			s.Close()
			_, err := s.Get(ctx, url)
			return err
		}, "get " + shown + ": session is closed"},
		{"no context", func(_ context.Context, s *session.Session) error {
			_, err := s.Get(nil, url) //nolint:staticcheck // that is the mistake
			return err
		}, "get " + shown + ": invalid context: nil"},
		{"bad method", func(ctx context.Context, s *session.Session) error {
			_, err := s.Request(ctx, "a b", url)
			return err
		}, shown + ": invalid method: not a token"},
		{"events, a wait that the context ends", func(ctx context.Context, s *session.Session) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return events(ctx, s, session.EventSource{})
		}, "get " + shown + ": context deadline exceeded"},
		{"events, the server ends them", func(ctx context.Context, s *session.Session) error {
			return events(ctx, s, session.EventSource{MaxFailures: 1})
		}, "get " + shown + ": the server has ended the stream of events: EOF"},
		{"events without a session", func(ctx context.Context, _ *session.Session) error {
			return events(ctx, nil, session.EventSource{})
		}, "invalid EventSource: it has no Session"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, err := session.New(session.Config{Transport: middleware.Func(emptyStream)})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if err := test.call(t.Context(), s); err == nil || !strings.HasSuffix(err.Error(), test.want) {
					t.Errorf("got  %v\nwant %s", err, test.want)
				} else if !errors.Is(err, errors.ErrClient) {
					t.Errorf("%v is of no class", err)
				}
			})
		})
	}
}

// emptyStream is a stream of events that ends at once.
func emptyStream(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader("")), Request: req,
	}, nil
}

// TestSaveConfigErrors name the field.
func TestSaveConfigErrors(t *testing.T) {
	t.Parallel()
	s, err := session.New(session.Config{Transport: middleware.Func(emptyStream)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, test := range []struct {
		cfg  session.SaveConfig
		want string
	}{
		{session.SaveConfig{Sum: []byte{1}}, "invalid SaveConfig.Sum: needs Hash, such as sha256.New"},
		{session.SaveConfig{Hash: sha256.New}, "invalid SaveConfig.Hash: needs Sum, what it must be"},
		{session.SaveConfig{IfExists: 99}, "invalid SaveConfig.IfExists: none of its values"},
	} {
		if _, err := s.Save(t.Context(), "http://h.example/", test.cfg); err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

package redact_test

import (
	stderrors "errors"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/curl"
	"github.com/aiolos-http/aiolos/session/debug"
)

// addObservers adds what tells of a session whose calls have secrets: one is under way
// and one has failed, with an error that quotes its URL.
func addObservers(t *testing.T, add adder) {
	t.Helper()
	s := must(session.New(session.Config{Mock: true, Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") == "" {
			return nil, stderrors.New("cannot get " + secretURL)
		}
		return middleware.Answer(200, secretHeader(), "body").RoundTrip(req)
	})}))(t)
	t.Cleanup(func() { s.Close() })
	cfg := debug.Config{Session: s, Stats: map[string]func() any{"none": func() any { return 0 }}}
	page := must(debug.New(cfg))(t)
	resp, err := s.Get(t.Context(), secretURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Close() })
	if _, err := s.Get(t.Context(), "http://h.example/?q="+canary); err == nil {
		t.Error("no error")
	}
	state := page.State()
	if len(state.Calls) != 1 || len(state.Failures) != 1 {
		t.Fatalf("got %+v", state)
	}
	add("session.Inspector", s.Inspect())
	add("session.CallInfo", state.Calls[0].CallInfo)
	add("session.FailureInfo", state.Failures[0])
	add("debug.Config", cfg)
	add("debug.Handler", page)
	add("debug.State", state)
	add("debug.Call", state.Calls[0])
	add("debug.Connector", debug.Connector{})
	add("debug.HostStats", debug.HostStats{})
	header := curl.Header{Name: "Authorization", Value: canary}
	part := curl.Part{Name: "password", Value: canary}
	add("curl.Header", header)
	add("curl.Part", part)
	add("curl.Command", curl.Command{
		URL: secretURL, Headers: []curl.Header{header}, Parts: []curl.Part{part}, Login: "me:" + canary, Body: []byte(canary),
		Options: [][]string{{"-x", secretURL}},
	})
}

package session_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestTraceOfLateHop: what sends a request may tell of it when the call is at its next hop, as
// a hedge does that has lost.
func TestTraceOfLateHop(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	trace := &session.Trace{RequestHeadersSent: func(_ context.Context, e session.RequestEvent) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e.Method+" "+e.URL.Path+" "+e.Header.Get("Authorization"))
	}}
	var late sync.WaitGroup
	hops := map[string]string{"/1": "/2", "/2": "http://other.test/3"}
	s := newSession(t, session.Config{Mock: true, Trace: []*session.Trace{trace}, Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		wrote := httptrace.ContextClientTrace(req.Context()).WroteHeaders
		for range 20 {
			late.Go(wrote)
		}
		if next := hops[req.URL.Path]; next != "" {
			return middleware.Answer(303, http.Header{"Location": {next}}, "").RoundTrip(req)
		}
		return middleware.Answer(200, nil, "").RoundTrip(req)
	})})
	resp, err := s.Post(t.Context(), "http://h.test/1", session.Header("Authorization", "x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	late.Wait()
	if len(told) != 60 {
		t.Errorf("got %d events, want 60", len(told))
	}
}

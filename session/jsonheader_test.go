package session_test

import (
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/session"
)

// TestJSONHeader: requests with JSON share their header, and nothing that happens to
// one of them shows in another.
func TestJSONHeader(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			http.Redirect(w, r, "/end", http.StatusSeeOther)
			return
		}
		ok(w, r)
	})
	s := newSession(t, session.Config{})
	derived := s.With(session.Header("X-Derived", "1"))
	for i, tt := range []struct {
		s           *session.Session
		path        string
		opts        []session.Option
		contentType string // of the last hop
		derived     string
	}{
		{s: s, opts: []session.Option{session.JSON(1)}, contentType: "application/json"},
		{s: s},
		{s: s, opts: []session.Option{session.JSON(1), session.Header("Content-Type", "application/x")}, contentType: "application/x"},
		{s: s, path: "/other", opts: []session.Option{session.JSON(1)}}, // which becomes a GET
		{s: s, opts: []session.Option{session.JSON(1), session.Header("X-Derived", "own")}, contentType: "application/json", derived: "own"},
		{s: derived, opts: []session.Option{session.JSON(1)}, contentType: "application/json", derived: "1"},
		{s: s, opts: []session.Option{session.SkipHeader("Content-Type"), session.JSON(1)}},
		{s: s, opts: []session.Option{session.JSON(1)}, contentType: "application/json"},
		{s: s, opts: []session.Option{session.Text("x")}, contentType: "text/plain; charset=utf-8"},
	} {
		resp, err := tt.s.Post(t.Context(), rec.URL+tt.path, tt.opts...)
		readBody(t, resp, err)
		got := rec.last(t).header
		if got.Get("Content-Type") != tt.contentType || got.Get("X-Derived") != tt.derived {
			t.Errorf("%d: got %q and %q, want %q and %q", i, got.Get("Content-Type"), got.Get("X-Derived"), tt.contentType, tt.derived)
		}
	}
	if got := s.Header(); got.Get("Content-Type") != "" {
		t.Errorf("the session has %v", got)
	}
}

package session_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
)

// TestEventsAllocs: an event costs its text, its type and its ID, and nothing
// that grows with the stream.
func TestEventsAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	const n = 1000
	stream := strings.Repeat("event: add\nid: 1\ndata: some text\n\n", n)
	got := testing.AllocsPerRun(5, func() {
		resp := answerOf(t, http.StatusOK, stream, "Content-Type", "text/event-stream")
		events := 0
		for _, err := range resp.Events() {
			if events++; err != nil {
				t.Fatal(err)
			}
		}
		if events != n {
			t.Fatalf("%d events, want %d", events, n)
		}
	})
	if perEvent := got / n; perEvent > 4.5 {
		t.Errorf("%.1f allocations for an event, want at most 4", perEvent)
	}
}

// TestLinksAllocs: a usual header of two links costs little more than its URLs.
func TestLinksAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	lines := []string{`<https://api.example/items?page=2>; rel="next", <https://api.example/items?page=9>; rel="last"`}
	base := &url.URL{Scheme: "https", Host: "api.example", Path: "/items"}
	got := testing.AllocsPerRun(100, func() {
		if links := session.ParseLinks(lines, base); len(links) != 2 {
			t.Fatal(links)
		}
	})
	if got > 16 {
		t.Errorf("%.0f allocations, want at most 16", got)
	}
}

// TestParsersStopInFull: parsing takes time in proportion to the length, also of what
// is made to confuse.
func TestParsersStopInFull(t *testing.T) {
	t.Parallel()
	size := racetest.Count(1<<20, 1<<17)
	for _, piece := range []string{`<`, `<a>`, `"`, `;`, `;a`, `;a="`, `\"`, `,`, `=`, `*`, `;a*0=x`, `%`, `'`} {
		line := strings.Repeat(piece, size/len(piece))
		for _, prefix := range []string{"", "<a>;", "attachment;", `attachment; filename="`} {
			session.ParseLinks([]string{prefix + line}, nil)
			if cd, err := session.ParseContentDisposition(prefix + line); err == nil {
				cd.FileName()
			}
		}
	}
}

package session_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/session"
)

// BenchmarkInspect is a call over a RoundTripper that costs nothing, by a session that
// nobody inspects, and by one that is inspected.
func BenchmarkInspect(b *testing.B) {
	for _, inspected := range []bool{false, true} {
		name := map[bool]string{false: "off", true: "on"}[inspected]
		b.Run(name, func(b *testing.B) {
			s, err := session.New(session.Config{Transport: newStub()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			if inspected {
				s.Inspect()
			}
			b.ReportAllocs()
			for b.Loop() {
				resp, err := s.Request(b.Context(), http.MethodGet, stubURL)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				resp.Close()
			}
		})
	}
}

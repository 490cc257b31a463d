package rawhead_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// usualHead is 200 bytes, as a small GET gets them.
const usualHead = "HTTP/1.1 200 OK\r\n" +
	"Server: nginx/1.28.0\r\n" +
	"Date: Sun, 15 Nov 2026 08:12:31 GMT\r\n" +
	"Content-Type: application/json; v=1;q=2\r\n" +
	"Content-Length: 64\r\n" +
	"ETag: \"5e8-64a1c-63d\"\r\n" +
	"Connection: keep-alive\r\n" +
	"Vary: Accept\r\n" +
	"\r\n"

// usual are the limits of a session that sets none.
var usual = rawhead.Limits{MaxLine: 8190, MaxField: 8190, MaxHeaders: 128}

func BenchmarkFeed(b *testing.B) {
	keep, lenient := usual, usual
	keep.Keep, lenient.Lenient = true, true
	head := []byte(usualHead)
	tests := []struct {
		name   string
		limits rawhead.Limits
		pieces [][]byte
	}{
		{"head of 200 bytes", usual, [][]byte{head}},
		{"two pieces", usual, [][]byte{head[:97], head[97:]}},
		{"lenient", lenient, [][]byte{head}},
		{"keep", keep, [][]byte{head}},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			var s rawhead.Scanner
			b.ReportAllocs()
			for b.Loop() {
				s.Reset(tt.limits)
				for _, p := range tt.pieces {
					if err := s.Feed(p); err != nil {
						b.Fatal(err)
					}
				}
			}
			if !s.Done() {
				b.Fatal("not done")
			}
		})
	}
}

// BenchmarkFeedBody is what a read of a body costs: nothing but a test.
func BenchmarkFeedBody(b *testing.B) {
	var s rawhead.Scanner
	if err := s.Feed([]byte(usualHead)); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Feed(body); err != nil {
			b.Fatal(err)
		}
	}
}

package codec_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aiolos-http/aiolos/internal/codec"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// TestAllocs gates what a response costs once the pools are warm: the Reader.
func TestAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector empties pools")
	}
	text := sample(10 << 10)
	buf := make([]byte, 4096)
	read := func(r *codec.Reader) error {
		for {
			if _, err := r.Read(buf); err != nil {
				return err
			}
		}
	}
	writeTo := func(r *codec.Reader) error {
		if _, err := r.WriteTo(io.Discard); err != nil {
			return err
		}
		return io.EOF
	}
	tests := []struct {
		name, encoder string
		cut           int
		use           func(*codec.Reader) error
		want          float64
	}{
		{"gzip", "gzip", 0, read, 1},
		{"zlib", "zlib", 0, read, 1},
		{"raw", "raw", 0, read, 1},
		{"br", "br", 0, read, 4}, // and three of the library's, for its context maps
		{"zstd", "zstd", 0, read, 1},
		{"copy", "gzip", 0, writeTo, 1},
		{"early close", "gzip", 0, func(r *codec.Reader) error {
			_, err := r.Read(buf[:1])
			return err
		}, 1},
		{"unread", "gzip", 0, func(*codec.Reader) error { return nil }, 1},
		{"truncated", "gzip", 5, read, 2}, // and the error
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := encode(t, tt.encoder, text)
			data = data[:len(data)-tt.cut]
			src := bytes.NewReader(nil)
			rc := io.NopCloser(src)
			lines := []string{"identity, " + token(tt.encoder)}
			got := testing.AllocsPerRun(200, func() {
				src.Reset(data)
				r, _ := codec.NewReader(lines, rc)
				if err := tt.use(r); err != nil && err != io.EOF && tt.cut == 0 {
					t.Error(err)
				}
				r.Close()
			})
			if got > tt.want {
				t.Errorf("got %v allocations, want %v", got, tt.want)
			}
		})
	}
}

// TestEncoderAllocs gates what a compressed body costs once the pools are warm.
func TestEncoderAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector empties pools")
	}
	text := []byte(sample(10 << 10))
	buf := make([]byte, 4096)
	for _, coding := range codings {
		src := bytes.NewReader(nil)
		rc := io.NopCloser(src)
		got := testing.AllocsPerRun(200, func() {
			src.Reset(text)
			e := codec.NewEncoder(coding, rc)
			for {
				if _, err := e.Read(buf); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			e.Close()
		})
		if got > 1 {
			t.Errorf("%s, streamed: got %v allocations, want 1", coding, got)
		}
		got = testing.AllocsPerRun(200, func() { compress(t, coding, text) })
		if got > 1 {
			t.Errorf("%s, at once: got %v allocations, want 1", coding, got)
		}
	}
}

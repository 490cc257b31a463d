package codec_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"testing"

	"github.com/aiolos-http/aiolos/internal/codec"
)

// BenchmarkGzip compares with what net/http does: a new gzip.Reader for each
// body.
func BenchmarkGzip(b *testing.B) {
	ours := []struct {
		name string
		open func(io.ReadCloser) io.ReadCloser
	}{
		{"aiolos", func(src io.ReadCloser) io.ReadCloser {
			r, _ := codec.NewReader([]string{"gzip"}, src)
			return r
		}},
		{"std", func(src io.ReadCloser) io.ReadCloser {
			r, err := stdgzip.NewReader(src)
			if err != nil {
				b.Fatal(err)
			}
			return r
		}},
	}
	sizes := []struct {
		name string
		size int
	}{{"1KiB", 1 << 10}, {"100KiB", 100 << 10}, {"1MiB", 1 << 20}}
	for _, size := range sizes {
		text := sample(size.size)
		data := encode(b, "gzip", text)
		for _, bench := range ours {
			b.Run(size.name+"/"+bench.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				src := bytes.NewReader(nil)
				rc := io.NopCloser(src)
				buf := make([]byte, 32<<10)
				for b.Loop() {
					src.Reset(data)
					drain(b, bench.open(rc), buf)
				}
			})
		}
	}
}

func drain(b *testing.B, r io.ReadCloser, buf []byte) {
	b.Helper()
	for {
		if _, err := r.Read(buf); err == io.EOF {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

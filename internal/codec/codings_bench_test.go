package codec_test

import (
	"bytes"
	stdgzip "compress/gzip"
	stdzlib "compress/zlib"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/internal/codec"
)

// BenchmarkDecoders compares with a new decoder for each body: the standard
// library's where it has one, else the same decoder without a pool.
func BenchmarkDecoders(b *testing.B) {
	fresh := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return stdgzip.NewReader(r) },
		"zlib": func(r io.Reader) (io.Reader, error) { return stdzlib.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	}
	for _, encoder := range []string{"gzip", "zlib", "br", "zstd"} {
		for name, size := range map[string]int{"1KiB": 1 << 10, "100KiB": 100 << 10} {
			text := sample(size)
			data := encode(b, encoder, text)
			src := bytes.NewReader(nil)
			rc := io.NopCloser(src)
			buf := make([]byte, 32<<10)
			b.Run(encoder+"/"+name+"/pooled", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					src.Reset(data)
					r, _ := codec.NewReader([]string{token(encoder)}, rc)
					drain(b, r, buf)
				}
			})
			b.Run(encoder+"/"+name+"/fresh", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					src.Reset(data)
					r, err := fresh[encoder](src)
					if err != nil {
						b.Fatal(err)
					}
					drain(b, io.NopCloser(r), buf)
				}
			})
		}
	}
}

// BenchmarkEncoders compares with a new encoder of the standard library's.
func BenchmarkEncoders(b *testing.B) {
	for name, size := range map[string]int{"1KiB": 1 << 10, "100KiB": 100 << 10} {
		text := []byte(sample(size))
		for _, coding := range codings {
			b.Run(coding+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					compress(b, coding, text)
				}
				b.ReportMetric(float64(len(compress(b, coding, text)))/float64(len(text)), "ratio")
			})
		}
		b.Run("std gzip/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				w := stdgzip.NewWriter(&out)
				if _, err := w.Write(text); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len())/float64(len(text)), "ratio")
		})
	}
}

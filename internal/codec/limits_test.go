package codec_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// limited decodes data under limits and returns how far it came.
func limited(t *testing.T, limits codec.Limits, list string, data []byte) (int64, error) {
	t.Helper()
	d := codec.Decoding{Limits: limits}
	src := newBody(bytes.NewReader(data))
	r, ok := d.NewReader([]string{list}, src)
	if !ok {
		t.Fatalf("%s: not decoded", list)
	}
	n, err := io.Copy(io.Discard, r)
	if n != r.Decoded() {
		t.Errorf("Decoded: got %d, want %d", r.Decoded(), n)
	}
	if err := r.Close(); err != nil || src.closed != 1 {
		t.Errorf("Close: got %v, source closed %d times", err, src.closed)
	}
	return n, err
}

// dense is text that gzip makes about a 150th of.
func dense(size int) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < size {
		for range 16 {
			b.WriteString(string([]byte{byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32())}))
		}
		b.WriteString(strings.Repeat("\x00", 16<<10-64))
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	t.Parallel()
	zeros := func(n int) []byte { return compress(t, "gzip", make([]byte, n)) }
	many := compress(t, "gzip", []byte(dense(10<<20)))
	for _, tt := range []struct {
		name   string
		limits codec.Limits
		list   string
		data   []byte
		limit  int64 // 0: it passes
	}{
		{"zeros, as many as are free", codec.Limits{}, "gzip", zeros(codec.FreeBytes), 0},
		{"one more", codec.Limits{}, "gzip", zeros(codec.FreeBytes + 1), codec.FreeBytes},
		{"150 for one", codec.Limits{}, "gzip", many, 0},
		{"the same, of a hundred", codec.Limits{Ratio: 100}, "gzip", many, 100 * int64(len(many))},
		{"one for one, within what is free", codec.Limits{Ratio: 1}, "gzip", zeros(1 << 20), 0},
		{"no ratio", codec.Limits{Ratio: -1}, "gzip", zeros(6 << 20), 0},
		{"a ratio beyond counting", codec.Limits{Ratio: math.MaxInt}, "gzip", zeros(6 << 20), 0},
		{"just the size", codec.Limits{Size: 1000}, "gzip", zeros(1000), 0},
		{"above the size", codec.Limits{Size: 999}, "gzip", zeros(1000), 999},
		{"above the size, without a ratio", codec.Limits{Size: 999, Ratio: -1}, "gzip", zeros(1000), 999},
		{"a negative size", codec.Limits{Size: -1}, "gzip", zeros(1000), 0},
		{"a size above the ratio's", codec.Limits{Size: 1 << 40}, "gzip", zeros(6 << 20), codec.FreeBytes},
		{"the inner coding", codec.Limits{Size: 50}, "gzip, deflate", compress(t, "deflate", zeros(1)[:23]), 0},
	} {
		n, err := limited(t, tt.limits, tt.list, tt.data)
		if tt.limit == 0 {
			if errors.Is(err, errors.ErrBodyTooLarge) {
				t.Errorf("%s: got %v after %d bytes", tt.name, err, n)
			}
			continue
		}
		wantCoding(t, err, errors.ErrBodyTooLarge)
		large, _ := errors.AsType[*errors.BodyTooLargeError](err)
		if large == nil || !large.Decompressed || large.Limit > tt.limit || n != large.Limit {
			t.Errorf("%s: got %v after %d bytes, want %d", tt.name, err, n, tt.limit)
		}
	}
}

// TestLimitsHidden: a coding cannot hide what another one has made. A frame of
// zstd that is to be skipped (RFC 8878 3.1.2) decodes to nothing at all.
func TestLimitsHidden(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	frame := binary.LittleEndian.AppendUint32([]byte{0x50, 0x2a, 0x4d, 0x18}, size)
	zeros := compress(t, "gzip", append(frame, make([]byte, 6<<20)...))
	n, err := limited(t, codec.Limits{}, "zstd, gzip", zeros)
	wantCoding(t, err, errors.ErrBodyTooLarge)
	if n != 0 {
		t.Errorf("got %d bytes, want 0", n)
	}
}

// TestLimitsSticky: the error stays, and the decoder serves another.
func TestLimitsSticky(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		d := codec.Decoding{Limits: codec.Limits{Size: 10}}
		r, _ := d.NewReader([]string{coding}, newBody(bytes.NewReader(compress(t, coding, make([]byte, 100)))))
		got, err := io.ReadAll(r)
		if len(got) != 10 {
			t.Errorf("%s: got %d bytes, want 10", coding, len(got))
		}
		wantCoding(t, err, errors.ErrBodyTooLarge)
		if n, again := r.Read(make([]byte, 1)); n != 0 || again != err {
			t.Errorf("%s: next Read: got %d, %v, want %v", coding, n, again, err)
		}
		if got, err := decodeAll(t, compress(t, coding, []byte("hello")), coding); got != "hello" || err != nil {
			t.Errorf("%s: afterwards: got %q, %v", coding, got, err)
		}
	}
}

func TestBodyTooLargeText(t *testing.T) {
	t.Parallel()
	_, err := limited(t, codec.Limits{Size: 10}, "gzip", compress(t, "gzip", make([]byte, 100)))
	const want = " bytes: body too large: more than 10 bytes after decoding"
	if err == nil || !strings.HasPrefix(err.Error(), "content encoding error: ") || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want …%s", err, want)
	}
}

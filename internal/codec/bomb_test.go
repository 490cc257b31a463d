package codec_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

const (
	bombPart   = 10 << 20
	bombParts  = 1000
	bombMemory = 32 << 20 // what reading one may cost
	// A brotli decoder's window grows in steps, which are garbage: once more as
	// much until they are collected.
	bombGarbage = 16 << 20
)

// bombs are 10 MiB of zeros, a thousand times, with the largest windows that
// there are.
func bombs(t testing.TB) map[string][]byte {
	t.Helper()
	zeros := make([]byte, bombPart)
	var zs bytes.Buffer
	zw, err := zstd.NewWriter(&zs, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zw.Write(zeros); err != nil { // not at once: that would be one segment
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"gzip": bytes.Repeat(encode(t, "gzip", string(zeros)), bombParts),
		"zstd": bytes.Repeat(zs.Bytes(), bombParts),
		"br":   brotliBomb(t, zeros),
	}
}

// brotliBomb repeats a part of a stream: its parts are alike from the second on.
func brotliBomb(t testing.TB, zeros []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 1, LGWin: 24})
	var ends [3]int
	for i := range ends {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		ends[i] = b.Len()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	out := bytes.Clone(data[:ends[1]])
	out = append(out, bytes.Repeat(data[ends[1]:ends[2]], bombParts-2)...)
	return append(out, data[ends[2]:]...)
}

// heapPeak reads r to its end, or until it has n bytes, and returns by how much
// the heap has grown meanwhile, with what can be collected and without.
func heapPeak(r io.Reader, n int64) (all, live, total int64, err error) {
	for range 3 { // what pools hold lives for two
		runtime.GC()
	}
	var m runtime.MemStats
	grown := func() int64 {
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	base, next, buf := grown(), int64(0), make([]byte, 64<<10)
	for total < n && err == nil {
		var got int
		got, err = r.Read(buf)
		total += int64(got)
		all = max(all, grown()-base)
		if total >= next {
			next = total + 1<<20
			runtime.GC()
			live = max(live, grown()-base)
		}
	}
	return all, live, total, err
}

// TestBombs is not parallel: it looks at the heap.
func TestBombs(t *testing.T) {
	for coding, bomb := range bombs(t) {
		wires := map[string][]byte{coding: bomb}
		once := again(t, coding, bomb)
		wires[coding+", "+coding] = once
		wires["identity, "+coding+", "+coding+", "+coding] = again(t, coding, once)
		for list, wire := range wires {
			t.Run(list, func(t *testing.T) {
				r := openReader(t, newBody(bytes.NewReader(wire)), list)
				all, live, total, err := heapPeak(r, 1<<40)
				wantCoding(t, err, errors.ErrBodyTooLarge)
				large, ok := errors.AsType[*errors.BodyTooLargeError](err)
				if !ok || !large.Decompressed || large.Limit < total || total < codec.FreeBytes {
					t.Errorf("got %v after %d bytes", err, total)
				}
				if live > bombMemory || all > bombMemory+bombGarbage {
					t.Errorf("heap: got %d MiB more, %d with garbage", live>>20, all>>20)
				}
				t.Logf("%d bytes on the wire, stopped at %d, heap +%d KiB, %d with garbage", len(wire), total, live>>10, all>>10)
			})
		}
	}
}

// TestBombsUnbounded: without limits they are long, but not large.
func TestBombsUnbounded(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector makes it slow")
	}
	d := codec.Decoding{Limits: codec.Limits{Ratio: -1}}
	for coding, bomb := range bombs(t) {
		for list, wire := range map[string][]byte{coding: bomb, coding + "," + coding: again(t, coding, bomb)} {
			r, ok := d.NewReader([]string{list}, newBody(bytes.NewReader(wire)))
			if !ok {
				t.Fatal("not decoded")
			}
			const enough = 40 << 20
			all, live, total, err := heapPeak(r, enough)
			if err != nil || total < enough || live > bombMemory || all > bombMemory+bombGarbage {
				t.Errorf("%s: got %d bytes, %v, heap +%d MiB, %d with garbage", list, total, err, live>>20, all>>20)
			}
			t.Logf("%s: heap +%d KiB, %d with garbage", list, live>>10, all>>10)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// again encodes with the largest window.
func again(t testing.TB, coding string, data []byte) []byte {
	t.Helper()
	if coding != "br" {
		return encode(t, coding, string(data))
	}
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 1, LGWin: 24})
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compress(t testing.TB, coding string, data []byte) []byte {
	t.Helper()
	out, err := codec.Compress(coding, data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

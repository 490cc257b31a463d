package ws_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/ws"
)

// refFrame is a frame as the slow reference parser sees it.
type refFrame struct {
	first   byte
	raw     []byte // head and payload as they are
	payload []byte // without the mask
}

// refParse splits a stream into whole frames; rest is what follows them.
func refParse(b []byte) (frames []refFrame, rest []byte) {
	for len(b) >= 2 {
		size, length := 2, uint64(b[1]&0x7f)
		switch length {
		case 126:
			if size = 4; len(b) < size {
				return frames, b
			}
			length = uint64(binary.BigEndian.Uint16(b[2:]))
		case 127:
			if size = 10; len(b) < size {
				return frames, b
			}
			length = binary.BigEndian.Uint64(b[2:])
		}
		key := []byte{0, 0, 0, 0}
		if b[1]&0x80 != 0 {
			if len(b) < size+4 {
				return frames, b
			}
			key = b[size : size+4]
			size += 4
		}
		if length > uint64(len(b)-size) {
			return frames, b
		}
		end := size + int(length)
		payload := bytes.Clone(b[size:end])
		for i := range payload {
			payload[i] ^= key[i&3]
		}
		frames = append(frames, refFrame{b[0], b[:end], payload})
		b = b[end:]
	}
	return frames, b
}

// clientFrame is a masked frame with a key of its own.
func clientFrame(first byte, payload string) []byte {
	h := []byte(head(first, uint64(len(payload))))
	h[1] |= 0x80
	key := []byte{1, 2, 3, 4}
	h = append(h, key...)
	for i, c := range []byte(payload) {
		h = append(h, c^key[i&3])
	}
	return h
}

// FuzzInject writes the codec's bytes in pieces of any size, and control frames
// in between: they have to end up between the codec's frames, which have to come
// out whole, in order and unchanged but for its own control frames.
func FuzzInject(f *testing.F) {
	f.Add(append(clientFrame(0x82, "hello"), clientFrame(0x81, "x")...), []byte{1, 2, 3})
	f.Add(append(clientFrame(0x88, "bye"), clientFrame(0x02, "part")...), []byte{1})
	f.Add(append(clientFrame(0x82, string(make([]byte, 300))), clientFrame(0x8a, "")...), []byte{200, 1, 0, 7})
	f.Add([]byte{0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4, 5}, []byte{1})
	f.Add([]byte{0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, []byte{3, 9})
	f.Add([]byte{0x80, 0x00, 0x00, 0x00, 0x81, 0x80}, []byte{1})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		if len(cuts) == 0 {
			cuts = []byte{1}
		}
		o := ws.NewOutbound()
		injected := 0
		for i, rest := 0, stream; len(rest) > 0; i++ {
			n := min(int(cuts[i%len(cuts)])%64, len(rest))
			o.Codec(rest[:n], false)
			if rest = rest[n:]; i < 500 || n == 0 {
				if !o.Inject(ws.Ping, binary.BigEndian.AppendUint32(nil, uint32(injected))) {
					t.Fatal("not taken")
				}
				injected++
			}
			if n == 0 { // let it end
				o.Codec(rest[:1], false)
				rest = rest[1:]
			}
		}
		checkInjected(t, o, stream, injected)
	})
}

func checkInjected(t *testing.T, o *ws.Outbound, stream []byte, injected int) {
	t.Helper()
	codec, cut := refParse(stream)
	if o.Between() != (len(cut) == 0) {
		t.Fatalf("between frames: got %v with %d bytes left", o.Between(), len(cut))
	}
	queued, held := o.Bytes()
	out, _ := refParse(queued)
	own, _ := refParse(held)
	pings := 0
	for _, f := range append(out, own...) {
		if f.first == 0x89 && len(f.payload) == 4 && int(binary.BigEndian.Uint32(f.payload)) == pings {
			pings++
			continue
		}
		for len(codec) > 0 && codec[0].first&8 != 0 {
			codec = codec[1:] // dropped
		}
		if len(codec) == 0 {
			t.Fatalf("a frame too many: %x", f.raw)
		}
		if !bytes.Equal(f.raw, codec[0].raw) {
			t.Fatalf("got frame %x, want %x", f.raw, codec[0].raw)
		}
		codec = codec[1:]
	}
	for _, f := range codec {
		if f.first&8 == 0 {
			t.Fatalf("a frame is lost: %x", f.raw)
		}
	}
	if pings != injected {
		t.Fatalf("got %d injected frames, want %d", pings, injected)
	}
}

func sameMessage(a, b ws.Message) bool {
	return a.Type == b.Type && a.Extra == b.Extra && bytes.Equal(a.Data, b.Data)
}

// FuzzFilter reads a server's stream, at once and byte by byte, for the codec and
// past it. What the codec
// gets must be the data frames, whole and in order, and nothing of what is behind
// a violation.
func FuzzFilter(f *testing.F) {
	for _, test := range malformed {
		if len(test.send) < 1000 {
			f.Add([]byte(text("good")+test.send), false)
		}
	}
	f.Add([]byte(frame(1, "a")+frame(fin|9, "p")+frame(fin, "b")+closeFrame(1000, "x")), false)
	f.Add([]byte(frame(fin|rsv1|1, "a")+text("b")), true)
	f.Fuzz(func(t *testing.T, stream []byte, deflate bool) {
		const limit = 1000
		data, controls, code := ws.Filter(bytes.NewReader(stream), limit, deflate, false)
		data2, controls2, code2 := ws.Filter(iotest.OneByteReader(bytes.NewReader(stream)), limit, deflate, false)
		if !bytes.Equal(data, data2) || len(controls) != len(controls2) || code != code2 {
			t.Fatalf("got %x %v and %x %v", data, code, data2, code2)
		}
		data2, controls2, code2 = ws.Filter(bytes.NewReader(stream), limit, deflate, true)
		cut := code2 == ws.CloseAbnormal && bytes.HasPrefix(data, data2) // a frame without its end is not begun
		if !cut && (!bytes.Equal(data, data2) || code != code2) || !slices.EqualFunc(controls, controls2, sameMessage) {
			t.Fatalf("got %x %v %v, past the codec %x %v %v", data, controls, code, data2, controls2, code2)
		}
		frames, _ := refParse(stream)
		i := 0
		for _, f := range frames {
			if f.first&8 != 0 {
				if i < len(controls) {
					i++
				}
				continue
			}
			if len(data) == 0 {
				break
			}
			want := bytes.Clone(f.raw)
			want[0] &^= rsv1
			if len(data) < len(want) {
				if !bytes.HasPrefix(want, data) {
					t.Fatalf("got %x, want a start of %x", data, want)
				}
				data = nil
				break
			}
			if !bytes.HasPrefix(data, want) {
				t.Fatalf("got %x, want %x", data, want)
			}
			if f.raw[1]&0x80 != 0 || f.first&0x30 != 0 {
				t.Fatalf("the codec got %x", f.raw)
			}
			data = data[len(want):]
		}
	})
}

// FuzzInflate never gives more than the limit, and never hangs.
func FuzzInflate(f *testing.F) {
	f.Add([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"))
	f.Add([]byte("\x03\x00\x03\x00\x00"))
	f.Add([]byte("\x00"))
	f.Add([]byte("\xec\xc0\x81\x00\x00\x00\x00\x80\xa0\xfc"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if out, err := ws.Inflate(p, 1000); err == nil && len(out) > 1000 {
			t.Fatalf("got %d bytes", len(out))
		}
	})
}

package h2_test

import (
	"bytes"
	"testing"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector/internal/h2"
)

// written are the bytes of what is written to a framer.
func written(t testing.TB, write func(*http2.Framer)) []byte {
	t.Helper()
	var b bytes.Buffer
	write(http2.NewFramer(&b, nil))
	return b.Bytes()
}

var frameTests = []struct {
	name    string
	write   func(*http2.Framer)
	streams int
	goes    bool
}{
	{"nothing", func(*http2.Framer) {}, 1, false},
	{"settings", func(f *http2.Framer) {
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 7})
	}, 7, false},
	{"settings without a number", func(f *http2.Framer) { f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20}) }, 1000, false},
	{"no settings", func(f *http2.Framer) { f.WriteSettings() }, 1000, false},
	{"more than net/http takes", func(f *http2.Framer) {
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1<<32 - 1})
	}, 1000, false},
	{"raised", func(f *http2.Framer) {
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 7})
		f.WriteData(1, false, []byte("data that looks like a frame: \x00\x00\x06\x04"))
		f.WriteSettings()
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 9})
	}, 9, false},
	{"only acknowledged", func(f *http2.Framer) { f.WriteSettingsAck(); f.WritePing(true, [8]byte{}) }, 1, false},
	{"goaway", func(f *http2.Framer) {
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 7})
		f.WriteGoAway(1, http2.ErrCodeNo, []byte("debug"))
		f.WriteData(1, true, []byte("the rest"))
	}, 7, true},
	{"cut short", func(f *http2.Framer) {
		f.WriteRawFrame(http2.FrameSettings, 0, 0, []byte{0, 3, 0, 0, 0, 5, 0, 3})
	}, 5, false},
}

// What is read along does not depend on the pieces in which it comes.
func TestReadFrames(t *testing.T) {
	t.Parallel()
	for _, tt := range frameTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := written(t, tt.write)
			for size := 1; size <= len(all)+1; size++ {
				var pieces [][]byte
				for rest := all; len(rest) > 0; {
					n := min(size, len(rest))
					pieces = append(pieces, rest[:n])
					rest = rest[n:]
				}
				if streams, goes := h2.ReadFrames(pieces...); streams != tt.streams || goes != tt.goes {
					t.Errorf("in pieces of %d: %d streams, goes away: %v; want %d, %v", size, streams, goes, tt.streams, tt.goes)
				}
			}
		})
	}
}

// FuzzReadFrames: any bytes, cut anywhere, give what they give in one piece.
func FuzzReadFrames(f *testing.F) {
	for _, tt := range frameTests {
		f.Add(written(f, tt.write), uint8(3))
	}
	f.Fuzz(func(t *testing.T, all []byte, at uint8) {
		cut := min(int(at), len(all))
		streams, goes := h2.ReadFrames(all)
		s, g := h2.ReadFrames(all[:cut], all[cut:])
		if s != streams || g != goes {
			t.Errorf("cut at %d: %d, %v; whole: %d, %v", cut, s, g, streams, goes)
		}
		if streams < 0 || streams > 1000 {
			t.Errorf("%d streams", streams)
		}
	})
}

package ws_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

const deflated = "Sec-WebSocket-Extensions: permessage-deflate"

// malformed is what a server may not send, and the code that it gets for it. All
// of it comes after a good message.
var malformed = []struct {
	name string
	send string
	want ws.CloseCode
}{
	{"RSV1 without compression", frame(fin|rsv1|1, "x"), 1002},
	{"RSV2", frame(fin|0x20|1, "x"), 1002},
	{"RSV3", frame(fin|0x10|2, "x"), 1002},
	{"RSV1 on a ping", frame(fin|rsv1|9, "x"), 1002},
	{"reserved data opcode 3", frame(fin|3, "x"), 1002},
	{"reserved data opcode 7", frame(7, ""), 1002},
	{"reserved control opcode 11", frame(fin|11, "x"), 1002},
	{"reserved control opcode 15", frame(fin|15, ""), 1002},
	{"masked frame", "\x81\x85\x01\x02\x03\x04helmo", 1002},
	{"masked large frame", "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04", 1002},
	{"masked ping", "\x89\x81\x01\x02\x03\x04x", 1002},
	{"ping of 126 bytes", frame(fin|9, strings.Repeat("x", 126)), 1002},
	{"pong of 64 KiB", frame(fin|10, strings.Repeat("x", 1<<16)), 1002},
	{"close of 126 bytes", frame(fin|8, strings.Repeat("x", 126)), 1002},
	{"fragmented ping", frame(9, "x"), 1002},
	{"fragmented close", frame(8, ""), 1002},
	{"continuation without a message", frame(fin, "x"), 1002},
	{"continuation after a message", frame(1, "a") + frame(fin, "b") + frame(fin, "c"), 1002},
	{"message within a message", frame(1, "a") + frame(fin|1, "b"), 1002},
	{"fragment within a fragment", frame(1, "a") + frame(2, "b"), 1002},
	{"text not UTF-8", text("\xff"), 1007},
	{"large text not UTF-8", text(strings.Repeat("x", 100000) + "\xc3"), 1007},
	{"UTF-8 cut short", text("\xe2\x82"), 1007},
	{"surrogate", text("\xed\xa0\x80"), 1007},
	{"overlong", text("\xc0\xaf"), 1007},
	{"not UTF-8 over fragments", frame(1, "\xe2\x82") + frame(fin, "x"), 1007},
	{"UTF-8 cut short over fragments", frame(1, "\xe2") + frame(fin, "\x82"), 1007},
	{"close with half a code", frame(fin|8, "\x03"), 1002},
	{"close 0", closeFrame(0, ""), 1002},
	{"close 999", closeFrame(999, ""), 1002},
	{"close 1004", closeFrame(1004, ""), 1002},
	{"close 1005", closeFrame(1005, ""), 1002},
	{"close 1006", closeFrame(1006, ""), 1002},
	{"close 1015", closeFrame(1015, ""), 1002},
	{"close 2999", closeFrame(2999, ""), 1002},
	{"close 5000", closeFrame(5000, ""), 1002},
	{"close reason not UTF-8", closeFrame(1000, "\xff"), 1007},
	{"length 2^63-1", head(fin|2, 1<<63-1), 1009},
	{"length 2^63", head(fin|2, 1<<63), 1009},
	{"length 2^64-1", head(fin|1, 1<<64-1), 1009},
	{"ping of 2^63 bytes", head(fin|9, 1<<63), 1002},
	{"4 MiB and one", head(fin|2, 4<<20+1), 1009},
	{"fragments of 4 MiB and one", frame(2, strings.Repeat("x", 1<<20)) + head(fin, 3<<20+1), 1009},
	{"fragments that overflow", frame(2, "xx") + head(fin, 1<<63-1), 1009},
	{"20000 empty fragments", frame(2, "") + strings.Repeat(frame(0, ""), 20000), 1009},
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, test := range malformed {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			told := make(chan ws.CloseCode, 1)
			c := dial(t, serve(t, func(p *peer) {
				p.Write(text("good") + test.send + text("never seen"))
				told <- p.readClose()
			}), nil)
			if got := receive(t, c, ws.Text); got.Text() != "good" {
				t.Errorf("got %q", got.Data)
			}
			end := ended(t, c)
			if end.Code != test.want || end.Err == nil || end.Local {
				t.Fatalf("got %v, want code %d and a cause", end, test.want)
			}
			if got := <-told; got != test.want {
				t.Errorf("the peer was told %d, want %d", got, test.want)
			}
			if c.CloseCode() != test.want || c.Err() == nil || !c.Closed() {
				t.Errorf("got code %v, err %v, closed %v", c.CloseCode(), c.Err(), c.Closed())
			}
			if err := c.SendText(t.Context(), "x"); !errors.Is(err, errors.ErrClientConnectionReset) {
				t.Errorf("send: got %v", err)
			}
		})
	}
}

// TestMalformedSlowly sends the same byte by byte, so that the pump and the
// receiver meet it in every state.
func TestMalformedSlowly(t *testing.T) {
	t.Parallel()
	for _, test := range malformed {
		if len(test.send) > 1000 {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, func(p *peer) {
				p.WriteSlow(text("good")+test.send, 1, 0)
				p.readClose()
			}), nil)
			if end := ended(t, c); end.Code != test.want {
				t.Errorf("got %v, want code %d", end, test.want)
			}
		})
	}
}

func TestMalformedCompressed(t *testing.T) {
	t.Parallel()
	deep := deflate(t, strings.Repeat("\x00", 5<<20))
	for name, test := range map[string]struct {
		send string
		want ws.CloseCode
	}{
		"compressed ping":           {frame(fin|rsv1|9, "x"), 1002},
		"compressed close":          {frame(fin|rsv1|8, ""), 1002},
		"compressed continuation":   {frame(rsv1|1, deflate(t, "ab")[:1]) + frame(fin|rsv1, "x"), 1002},
		"not deflate":               {frame(fin|rsv1|2, "\xff\xff\xff"), 1007},
		"cut short":                 {frame(fin|rsv1|2, deflate(t, "hello hello hello")[:5]), 1007},
		"text not UTF-8 inside":     {frame(fin|rsv1|1, deflate(t, "\xff\xfe")), 1007},
		"bomb":                      {frame(fin|rsv1|2, deep), 1009},
		"bomb in fragments":         {frame(rsv1|2, deep[:100]) + frame(fin, deep[100:]), 1009},
		"declared above all limits": {head(fin|rsv1|2, 5<<20), 1009},
		"a thousand streams":        {frame(fin|rsv1|2, strings.Repeat("\x03\x00", 1000)), 1007},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan ws.CloseCode, 1)
			c := dial(t, serve(t, func(p *peer) {
				p.Write(frame(fin|rsv1|1, deflate(t, "good")) + test.send)
				told <- p.readClose()
			}, deflated), &ws.Options{Compress: &ws.Compression{}})
			if got := receive(t, c, ws.Text); got.Text() != "good" {
				t.Errorf("got %q", got.Data)
			}
			if end := ended(t, c); end.Code != test.want || end.Err == nil {
				t.Errorf("got %v, want code %d and a cause", end, test.want)
			}
			if got := <-told; got != test.want {
				t.Errorf("the peer was told %d, want %d", got, test.want)
			}
		})
	}
}

// TestWellFormed has what looks odd and is not.
func TestWellFormed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ö", 40000)
	for name, test := range map[string]struct {
		send string
		want []ws.Message
	}{
		"controls between fragments": {
			frame(1, "a") + frame(fin|9, "1") + frame(0, "b") + frame(fin|10, "2") + frame(0, "") + frame(fin, "c"),
			[]ws.Message{{Type: ws.Ping, Data: []byte("1")}, {Type: ws.Pong, Data: []byte("2")}, {Type: ws.Text, Data: []byte("abc")}},
		},
		"UTF-8 split over fragments": {frame(1, "\xe2") + frame(0, "\x82") + frame(fin, "\xac"), []ws.Message{{Type: ws.Text, Data: []byte("€")}}},
		"binary needs no UTF-8":      {frame(fin|2, "\xff"), []ws.Message{{Type: ws.Binary, Data: []byte("\xff")}}},
		"empty message":              {text(""), []ws.Message{{Type: ws.Text, Data: []byte{}}}},
		"long length for a short one": {
			"\x81\x7e\x00\x01x" + "\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01y",
			[]ws.Message{{Type: ws.Text, Data: []byte("x")}, {Type: ws.Text, Data: []byte("y")}},
		},
		"just above the buffer": {text(long[:4094]) + text(long), []ws.Message{{Type: ws.Text, Data: []byte(long[:4094])}, {Type: ws.Text, Data: []byte(long)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, func(p *peer) {
				p.Write(test.send + closeFrame(3000, "ok"))
				p.readClose()
			}), &ws.Options{NoAutoPing: true})
			for _, want := range append(test.want, ws.Message{Type: ws.Close, Data: []byte("ok"), Extra: 3000}) {
				got := receive(t, c, want.Type)
				if got.Text() != want.Text() || got.Extra != want.Extra {
					t.Errorf("got %q, want %q", got.Data, want.Data)
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit int64
		sizes []int
		want  ws.CloseCode
	}{
		"exactly":      {100, []int{100, 99}, 1000},
		"one more":     {100, []int{100, 101}, 1009},
		"the default":  {0, []int{4 << 20}, 1000},
		"none":         {-1, []int{4<<20 + 1}, 1000},
		"one byte":     {1, []int{0, 1}, 1000},
		"two for one":  {1, []int{2}, 1009},
		"large, large": {1 << 40, []int{1 << 20}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, func(p *peer) {
				for _, n := range test.sizes {
					p.Write(frame(fin|2, strings.Repeat("x", n)))
				}
				p.Write(closeFrame(1000, ""))
				p.readClose()
			}), &ws.Options{MaxMessageSize: test.limit})
			for i := range test.sizes[:len(test.sizes)-1] {
				if m := receive(t, c, ws.Binary); len(m.Data) != test.sizes[i] {
					t.Errorf("got %d bytes, want %d", len(m.Data), test.sizes[i])
				}
			}
			if end := ended(t, c); end.Code != test.want {
				t.Errorf("got %v, want code %d", end, test.want)
			}
		})
	}
	t.Run("2^63 bytes without a limit", func(t *testing.T) {
		t.Parallel()
		c := dial(t, serve(t, func(p *peer) {
			p.Write(head(fin|2, 1<<63))
			p.readClose()
		}), &ws.Options{MaxMessageSize: -1})
		if end := ended(t, c); end.Code != 1002 {
			t.Errorf("got %v, want code 1002", end)
		}
	})
	t.Run("a declaration costs nothing", func(t *testing.T) {
		t.Parallel()
		c := dial(t, serve(t, func(p *peer) {
			p.Write(head(fin|2, 1<<62) + "x")
		}), &ws.Options{MaxMessageSize: -1})
		if end := ended(t, c); end.Code != 1006 {
			t.Errorf("got %v, want code 1006", end)
		}
	})
}

func TestVerbatimText(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, func(p *peer) {
		p.Write(text("\xff\xfe"))
		p.readClose()
	}), &ws.Options{VerbatimText: true, Header: http.Header{"X-A": {"1"}}})
	if got := receive(t, c, ws.Text); got.Text() != "\xff\xfe" {
		t.Errorf("got %q", got.Data)
	}
}

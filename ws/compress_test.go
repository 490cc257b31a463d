package ws_test

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// deflate is the payload of a compressed message that stands alone.
func deflate(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, s)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// noise cannot be compressed.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return string(b)
}

// reinflater decompresses what a client sends, with a window of so many bytes
// that is kept between messages.
type reinflater struct {
	window  int
	history []byte
}

func (r *reinflater) message(t *testing.T, payload string) string {
	t.Helper()
	dict := r.history[max(0, len(r.history)-r.window):]
	fr := flate.NewReaderDict(strings.NewReader(payload+"\x00\x00\xff\xff\x01\x00\x00\xff\xff"), dict)
	b, err := io.ReadAll(fr)
	if err != nil {
		t.Errorf("a message cannot be decompressed: %v", err)
	}
	r.history = append(r.history, b...)
	return string(b)
}

func TestCompression(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("the same again and again; ", 400)
	for name, test := range map[string]struct {
		z      ws.Compression
		answer string
		window int
	}{
		"defaults":          {ws.Compression{}, "permessage-deflate", 1 << 15},
		"no takeover":       {ws.Compression{NoContextTakeover: true}, "permessage-deflate; client_no_context_takeover", 0},
		"server says so":    {ws.Compression{}, "permessage-deflate; client_no_context_takeover; server_no_context_takeover", 0},
		"window 9":          {ws.Compression{}, "permessage-deflate; client_max_window_bits=9", 1 << 9},
		"window 8":          {ws.Compression{}, `permessage-deflate; client_max_window_bits="8"`, 1 << 8},
		"server's window":   {ws.Compression{Window: 10}, "Permessage-Deflate; server_max_window_bits=10", 1 << 15},
		"level 9":           {ws.Compression{Level: 9}, "permessage-deflate", 1 << 15},
		"everything, small": {ws.Compression{Threshold: -1}, "permessage-deflate; client_max_window_bits=12", 1 << 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, func(p *peer) {
				r := &reinflater{window: test.window}
				for {
					f, ok := p.read()
					if !ok {
						return
					}
					if f.op() == ws.Close {
						p.Write(frame(fin|8, f.payload))
						return
					}
					if f.first&rsv1 != 0 {
						if len(f.payload) > 9000 {
							t.Errorf("compressed to %d bytes", len(f.payload))
						}
						f.payload = r.message(t, f.payload)
					}
					p.Write(frame(fin|2, f.payload))
				}
			}, "Sec-WebSocket-Extensions: "+test.answer), &ws.Options{Compress: &test.z})
			if c.Compression() == nil {
				t.Fatal("not compressed")
			}
			ctx := within(t)
			for i, want := range []string{long, long[:500], "short", long[:130], long, ""} {
				var opts []ws.SendOption
				if i == 3 {
					opts = append(opts, ws.Level(6)) // must not disturb those that follow
				}
				if err := c.SendText(ctx, want, opts...); err != nil {
					t.Fatal(err)
				}
				got, err := c.ReceiveBytes(ctx)
				if err != nil || string(got) != want {
					t.Fatalf("message %d: got %d bytes %.20q, %v, want %d", i, len(got), got, err, len(want))
				}
			}
		})
	}
}

// TestPerMessageCompression looks at the bit that marks a compressed message.
func TestPerMessageCompression(t *testing.T) {
	t.Parallel()
	first := make(chan byte, 8)
	c := dial(t, serve(t, func(p *peer) {
		for {
			f, ok := p.read()
			if !ok || f.op() == ws.Close {
				return
			}
			first <- f.first
		}
	}, deflated), &ws.Options{Compress: &ws.Compression{}, CloseTimeout: -1})
	long := strings.Repeat("x", 128)
	for _, test := range []struct {
		text string
		opts []ws.SendOption
		want byte
	}{
		{long, nil, fin | rsv1 | 1},
		{long[:127], nil, fin | 1},
		{long, []ws.SendOption{ws.Level(0)}, fin | 1},
		{"x", []ws.SendOption{ws.Level(9)}, fin | rsv1 | 1},
		{"x", []ws.SendOption{ws.Level(9), {}}, fin | rsv1 | 1},
		{long, []ws.SendOption{ws.Level(9), ws.Level(0)}, fin | 1},
	} {
		if err := c.SendText(t.Context(), test.text, test.opts...); err != nil {
			t.Fatal(err)
		}
		if got := <-first; got != test.want {
			t.Errorf("%d bytes: got first byte %x, want %x", len(test.text), got, test.want)
		}
	}
}

// TestReceiveCompressed has a server with and without takeover, in fragments, with
// controls between them, and with streams that end within a message.
func TestReceiveCompressed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	takeover := func(s string) string {
		b.Reset()
		io.WriteString(w, s)
		w.Flush()
		return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
	}
	final := func(s string) string { // RFC 7692 7.2.3.4: a last block, and an empty one
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestSpeed)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	noise := noise(50000)
	one, two := takeover("hello, hello"), takeover("hello, hello again")
	three, four := takeover(noise), takeover(noise[len(noise)-20000:])
	c := dial(t, serve(t, func(p *peer) {
		p.Write(frame(fin|rsv1|1, one) + frame(rsv1|1, two[:3]) + frame(fin|9, "ping") + frame(fin, two[3:]) + text("plain"))
		p.Write(frame(fin|rsv1|2, three) + frame(fin|rsv1|2, four))
		p.Write(frame(fin|rsv1|1, final("the end")+"\x00") + frame(fin|rsv1|1, final("twice, ")+final("in one")) + text("after"))
		p.Write(closeFrame(1000, ""))
		p.readClose()
	}, deflated), &ws.Options{Compress: &ws.Compression{}})
	for _, want := range []string{
		"hello, hello", "hello, hello again", "plain", noise, noise[len(noise)-20000:],
		"the end", "twice, in one", "after",
	} {
		if m, err := c.Receive(within(t)); err != nil || m.Text() != want {
			t.Fatalf("got %.20q, %v, want %.20q", m.Data, err, want)
		}
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	asked := &ws.Compression{Window: 11, NoContextTakeover: true, ServerNoContextTakeover: true}
	for name, test := range map[string]struct {
		asked  *ws.Compression
		answer string
		fails  bool
		on     bool
	}{
		"none":                {asked, "", false, false},
		"plain":               {asked, deflated, false, true},
		"with parameters":     {asked, deflated + "; server_max_window_bits=11; server_no_context_takeover", false, true},
		"not asked":           {nil, deflated, true, false},
		"another":             {asked, "Sec-WebSocket-Extensions: x-snappy", true, false},
		"two":                 {asked, deflated + ", permessage-deflate", true, false},
		"unknown parameter":   {asked, deflated + "; magic", true, false},
		"window 7":            {asked, deflated + "; client_max_window_bits=7", true, false},
		"window 16":           {asked, deflated + "; server_max_window_bits=16", true, false},
		"window 010":          {asked, deflated + "; server_max_window_bits=010", true, false},
		"window without":      {asked, deflated + "; client_max_window_bits", true, false},
		"a parameter twice":   {asked, deflated + "; server_no_context_takeover; server_no_context_takeover", true, false},
		"a value too many":    {asked, deflated + "; server_no_context_takeover=1", true, false},
		"nothing but a comma": {asked, "Sec-WebSocket-Extensions: ,", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var extra []string
			if test.answer != "" {
				extra = append(extra, test.answer)
			}
			srv := serve(t, (*peer).echo, extra...)
			c, err := ws.Dial(within(t), client(t), srv.URL(), &ws.Options{Compress: test.asked})
			if test.fails {
				if !errors.Is(err, errors.ErrWSServerHandshake) {
					t.Fatalf("got %v, want an ErrWSServerHandshake", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(0, "")
			if z := c.Compression(); (z != nil) != test.on {
				t.Errorf("got %v", z)
			}
			want := "permessage-deflate; client_max_window_bits; server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover"
			if got := headerOf(srv.Requests()[0], "Sec-WebSocket-Extensions"); got != want {
				t.Errorf("offered %q", got)
			}
		})
	}
	for _, bad := range []ws.Compression{{Window: 8}, {Window: 16}, {Level: 10}, {Level: -1}} {
		if _, err := ws.Dial(t.Context(), client(t), "ws://127.0.0.1:1/", &ws.Options{Compress: &bad}); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%+v: got %v", bad, err)
		}
	}
}

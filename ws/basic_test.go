package ws_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

func TestEcho(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, (*peer).echo), nil)
	ctx := within(t)
	for _, size := range []int{0, 1, 125, 126, 4096, 65535, 65536, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		if err := c.SendBytes(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := c.ReceiveBytes(ctx)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: got %d bytes, %v", size, len(got), err)
		}
	}
	if err := c.SendText(t.Context(), "grüße"); err != nil { // a context of another kind
		t.Fatal(err)
	}
	if got, err := c.ReceiveText(ctx); got != "grüße" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := c.Close(ws.CloseGoingAway, "bye"); err != nil {
		t.Error(err)
	}
	if got := c.CloseCode(); got != ws.CloseGoingAway {
		t.Errorf("got close code %v, want the peer's 1001", got)
	}
	if c.Err() != nil || !c.Closed() {
		t.Errorf("got Err %v, Closed %v", c.Err(), c.Closed())
	}
}

// TestFrames looks at what is on the wire: one masked frame for each message.
func TestFrames(t *testing.T) {
	t.Parallel()
	frames := make(chan received, 10)
	c := dial(t, serve(t, func(p *peer) {
		for {
			f, ok := p.read()
			if !ok {
				return
			}
			frames <- f
			if f.op() == ws.Close {
				p.Write(frame(fin|8, f.payload))
			}
		}
	}), nil)
	ctx := context.Background()
	long := strings.Repeat("long ", 20000)
	sends := []func() error{
		func() error { return c.SendText(ctx, "hello") },
		func() error { return c.SendBytes(ctx, []byte(long)) },
		func() error { return c.SendJSON(ctx, map[string]int{"a": 1}) },
		func() error { return c.SendJSONBytes(ctx, []int{1}) },
		func() error { return c.Ping(ctx, []byte("ping")) },
		func() error { return c.Pong(ctx, []byte("unasked")) },
		func() error { return c.SendFrame(ctx, ws.Text, []byte("frame")) },
		func() error { return c.SendFrame(ctx, ws.Pong, nil) },
		func() error { return c.Close(4000, "enough") },
	}
	want := []received{
		{fin | 1, true, "hello"},
		{fin | 2, true, long},
		{fin | 1, true, `{"a":1}`},
		{fin | 2, true, `[1]`},
		{fin | 9, true, "ping"},
		{fin | 10, true, "unasked"},
		{fin | 1, true, "frame"},
		{fin | 10, true, ""},
		{fin | 8, true, "\x0f\xa0enough"},
	}
	for i, send := range sends {
		if err := send(); err != nil {
			t.Fatalf("send %d: %v", i, err)
		}
		if got := <-frames; got != want[i] {
			t.Errorf("frame %d: got %x %v %.40q, want %x %.40q", i, got.first, got.masked, got.payload, want[i].first, want[i].payload)
		}
	}
}

func TestRefusedSends(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, (*peer).echo), nil)
	ctx := within(t)
	long := make([]byte, 126)
	for name, err := range map[string]error{
		"ping":         c.Ping(ctx, long),
		"pong":         c.Pong(ctx, long),
		"continuation": c.SendFrame(ctx, ws.Continuation, nil),
		"reserved":     c.SendFrame(ctx, 3, nil),
		"close":        c.SendFrame(ctx, ws.Close, nil),
		"text":         c.SendText(ctx, "\xff"),
		"level":        c.SendText(ctx, "x", ws.Level(10)),
		"no deflate":   c.SendText(ctx, "x", ws.Level(6)),
		"control":      c.SendFrame(ctx, ws.Ping, nil, ws.Level(0)),
		"close code":   c.Close(1006, ""),
		"1005":         c.Close(1005, ""),
		"999":          c.Close(999, ""),
		"5000":         c.Close(5000, ""),
		"reason":       c.Close(1000, strings.Repeat("x", 124)),
		"reason utf8":  c.Close(1000, "\xff"),
	} {
		if !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v, want an ErrInvalidRequest", name, err)
		}
	}
	if err := c.SendJSON(ctx, func() {}); !errors.Is(err, errors.ErrClient) {
		t.Errorf("json: got %v", err)
	}
	if c.Closed() {
		t.Fatal("a refused call has closed the connection")
	}
	if err := c.SendText(ctx, "still", ws.Level(0)); err != nil {
		t.Error(err)
	}
	if got, err := c.ReceiveText(ctx); got != "still" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, (*peer).echo), nil)
	ctx := within(t)
	if err := c.Close(0, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(0, ""); err != nil {
		t.Errorf("second close: %v", err)
	}
	for name, err := range map[string]error{
		"text": c.SendText(ctx, "x"), "ping": c.Ping(ctx, nil), "json": c.SendJSON(ctx, 1),
	} {
		if !errors.Is(err, errors.ErrClientConnectionReset) || !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v, want an ErrClientConnectionReset", name, err)
		}
	}
	_, err := c.Receive(ctx)
	end, ok := errors.AsType[*ws.CloseError](err)
	if !ok || !end.Local || end.Code != ws.CloseNormal || !errors.Is(err, net.ErrClosed) || !errors.Is(err, errors.ErrClientConnection) {
		t.Errorf("receive: got %v", err)
	}
	for _, err := range c.Messages(ctx) {
		t.Errorf("messages: got %v", err)
	}
}

func TestReceiveTypes(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, func(p *peer) {
		p.Write(text("a") + frame(fin|2, "b") + text(`{"n": 1}`) + frame(fin|2, `{"n": 2}`) + text("no json") + text("last") + closeFrame(1000, "done"))
		p.Stall()
	}), nil)
	ctx := within(t)
	if _, err := c.ReceiveBytes(ctx); !errors.Is(err, errors.ErrWSMessageType) {
		t.Errorf("bytes of a text: got %v", err)
	}
	_, err := c.ReceiveText(ctx)
	if e, ok := errors.AsType[*errors.WSMessageTypeError](err); !ok || e.Got != "binary" || e.Want != "text" {
		t.Errorf("text of a binary: got %v", err)
	}
	type object struct{ N int }
	for want := 1; want <= 2; want++ {
		if got, err := ws.ReceiveJSON[object](ctx, c); got.N != want || err != nil {
			t.Errorf("json: got %v, %v", got, err)
		}
	}
	if _, err := ws.ReceiveJSON[object](ctx, c); err == nil || !errors.Is(err, errors.ErrClient) {
		t.Errorf("no json: got %v", err)
	}
	if got := receive(t, c, ws.Text); got.Text() != "last" {
		t.Errorf("got %q", got.Data)
	}
	_, err = c.ReceiveText(ctx)
	if end, ok := errors.AsType[*ws.CloseError](err); !ok || end.Code != 1000 || end.Reason != "done" {
		t.Errorf("close: got %v", err)
	}
}

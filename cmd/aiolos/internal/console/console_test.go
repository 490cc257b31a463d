package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/ws"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/console"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syncbuf"
)

// echo answers messages and pings, and closes when it is asked to.
func echo(p *peer) {
	for {
		f := p.read()
		switch op := ws.MessageType(f.op); op {
		case ws.Text, ws.Binary:
			p.send(op, f.data)
		case ws.Ping:
			p.send(ws.Pong, f.data)
		case ws.Close:
			p.send(ws.Close, f.data)
			return
		default:
			return
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		in     string
		format console.Format
		json   bool
		count  int
		want   string
	}{
		{"lines", "a\nb\n", console.Format{}, false, 2, "a\nb\n"},
		{"no line end", "a", console.Format{}, false, 1, "a\n"},
		{"carriage return", "a\r\n", console.Format{}, false, 1, "a\n"},
		{"binary", "a\nb\n", console.Format{Binary: true}, false, 2, "ab"},
		{"close", "a\n/close 1001 x\nb\n", console.Format{}, true, 0, `"code":1001`},
		{"ping", "/ping x\na\n", console.Format{}, true, 1, `{"type":"pong","data":"x"`},
		{"slash", "//a\n", console.Format{}, false, 1, "/a\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out syncbuf.Buffer
			err := console.Run(t.Context(), dial(t, echo), console.Config{
				In: strings.NewReader(tt.in), Format: tt.format, Count: tt.count, Wait: -1,
				Printer: &console.Printer{W: &out, JSON: tt.json},
			})
			if err != nil || !strings.Contains(out.String(), tt.want) || !tt.json && out.String() != tt.want {
				t.Errorf("got %q, %v, want %q", out.String(), err, tt.want)
			}
		})
	}
}

// TestWait: after the end of the input the console goes on until nothing comes.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan int, 1)
		var out syncbuf.Buffer
		start := time.Now()
		err := console.Run(t.Context(), dialInBubble(t, func(p *peer) {
			p.read()
			time.Sleep(50 * time.Second)
			p.send(ws.Text, "1")
			time.Sleep(50 * time.Second)
			p.send(ws.Text, "2")
			f := p.read()
			closed <- closeOf(f)
			p.send(ws.Close, f.data)
		}), console.Config{In: strings.NewReader("go\n"), Wait: time.Minute, Printer: &console.Printer{W: &out}})
		if got := <-closed; err != nil || got != 1000 || out.String() != "1\n2\n" {
			t.Errorf("got %q, %v, closed with %d", out.String(), err, got)
		}
		if d := time.Since(start); d != 160*time.Second {
			t.Errorf("closed after %v, want the last message and a minute", d)
		}
	})
}

// TestInterrupt: the end of the context closes in order.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan int, 1)
	in, w := io.Pipe()
	defer w.Close()
	err := console.Run(ctx, dial(t, func(p *peer) {
		cancel()
		f := p.read()
		closed <- closeOf(f)
		p.send(ws.Close, f.data)
	}), console.Config{In: in, Printer: &console.Printer{W: io.Discard}})
	if got := <-closed; !errors.Is(err, context.Canceled) || got != 1000 {
		t.Errorf("got %v, closed with %d", err, got)
	}
}

// TestEnds: what the server's end makes of the console's.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		serve func(*peer)
		ok    bool
		code  ws.CloseCode
	}{
		{"normal", func(p *peer) { p.close(1000, "bye"); p.read() }, true, 1000},
		{"going away", func(p *peer) { p.close(1001, ""); p.read() }, true, 1001},
		{"no code", func(p *peer) { p.send(ws.Close, ""); p.read() }, true, 1005},
		{"policy", func(p *peer) { p.close(1008, "no\x1b"); p.read() }, false, 1008},
		{"own code", func(p *peer) { p.close(4000, ""); p.read() }, false, 4000},
		{"lost", func(*peer) {}, false, 1006},
		{"protocol error", func(p *peer) { p.send(3, ""); p.read() }, false, 1002},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out syncbuf.Buffer
			err := console.Run(t.Context(), dial(t, tt.serve), console.Config{Printer: &console.Printer{W: &out, JSON: true}})
			end, _ := errors.AsType[*ws.CloseError](err)
			if tt.ok != (err == nil) || !tt.ok && (end == nil || end.Code != tt.code) {
				t.Errorf("got %v, want an orderly end %v with %d", err, tt.ok, tt.code)
			}
			if !strings.Contains(out.String(), `"code":`+tt.code.String()[:4]) {
				t.Errorf("printed %q, want the code %d", out.String(), tt.code)
			}
		})
	}
}

// TestPings: those of the server are answered, also while nothing is sent.
func TestPings(t *testing.T) {
	t.Parallel()
	var out syncbuf.Buffer
	answer := make(chan frame, 1)
	err := console.Run(t.Context(), dial(t, func(p *peer) {
		p.send(ws.Pong, "nobody asked")
		p.send(ws.Ping, "abc")
		answer <- p.read()
		p.close(1000, "")
		p.read()
	}), console.Config{Printer: &console.Printer{W: &out, TTY: true}})
	if got, want := <-answer, (frame{byte(ws.Pong), "abc"}); err != nil || got != want || out.String() != "" {
		t.Errorf("got %+v, %v, printed %q, want %+v", got, err, out.String(), want)
	}
}

// TestBadLines: they end a script, and a user is told.
func TestBadLines(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"a\n/what\n", "a\n\xff\n", "a\n/close 1005\n", "a\n/ping " + strings.Repeat("x", 126) + "\n"} {
		var line *console.LineError
		err := console.Run(t.Context(), dial(t, echo), console.Config{
			In: strings.NewReader(in), Wait: -1, Printer: &console.Printer{W: io.Discard},
		})
		if !errors.As(err, &line) || line.Line != 2 || errors.Unwrap(err) == nil {
			t.Errorf("%q: got %v, want an error of line 2", in, err)
		}
		var told []error
		var out syncbuf.Buffer
		err = console.Run(t.Context(), dial(t, echo), console.Config{
			In: strings.NewReader(in + "b\n"), Wait: -1, Count: 2, Printer: &console.Printer{W: &out},
			Complain: func(err error) { told = append(told, err) },
		})
		if err != nil || len(told) != 1 || out.String() != "a\nb\n" {
			t.Errorf("%q: got %q, %v, told %v", in, out.String(), err, told)
		}
	}
}

// TestInputFails: an input that cannot be read is an error, and so is a line
// without an end.
func TestInputFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, in := range map[string]io.Reader{
		"broken": io.MultiReader(strings.NewReader("a\n"), failing{broken}),
		"long":   bytes.NewReader(make([]byte, console.MaxLine+1)),
	} {
		err := console.Run(t.Context(), dial(t, echo), console.Config{In: in, Wait: -1, Printer: &console.Printer{W: io.Discard}})
		if err == nil || name == "broken" && !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestOutputFails: a broken output ends the console with its error.
func TestOutputFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	err := console.Run(t.Context(), dial(t, echo), console.Config{
		In: strings.NewReader("a\n"), Wait: -1, Printer: &console.Printer{W: failing{broken}},
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// failing fails with its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestNoDeadlock: a server that does not read on before its answers are read
// cannot stop the console.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	const n = 20000
	payload := strings.Repeat("x", 100)
	var out syncbuf.Buffer
	err := console.Run(t.Context(), dial(t, func(p *peer) {
		p.read()
		for range n {
			p.send(ws.Text, payload)
		}
		echo(p)
	}), console.Config{
		In: strings.NewReader(strings.Repeat(payload+"\n", n)), Wait: -1, Count: 2*n - 1, Printer: &console.Printer{W: &out},
	})
	if got, want := len(out.String()), (2*n-1)*101; err != nil || got != want {
		t.Errorf("got %d bytes, %v, want %d", got, err, want)
	}
}

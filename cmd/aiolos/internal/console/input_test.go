package console_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/ws"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/console"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		format console.Format
		line   string
		typ    ws.MessageType
		data   string
		code   ws.CloseCode
	}{
		{"text", console.Format{}, "hello", ws.Text, "hello", 0},
		{"empty", console.Format{}, "", ws.Text, "", 0},
		{"blanks stay", console.Format{}, "  a ", ws.Text, "  a ", 0},
		{"two slashes", console.Format{}, "//ping", ws.Text, "/ping", 0},
		{"three slashes", console.Format{}, "///", ws.Text, "//", 0},
		{"verbatim", console.Format{Verbatim: true}, "/ping", ws.Text, "/ping", 0},
		{"verbatim slashes", console.Format{Verbatim: true}, "//", ws.Text, "//", 0},
		{"binary", console.Format{Binary: true}, "a\xff", ws.Binary, "a\xff", 0},
		{"hex", console.Format{Hex: true}, "00 fF:0a", ws.Binary, "\x00\xff\n", 0},
		{"hex command", console.Format{Hex: true}, "/ping", ws.Ping, "", 0},
		{"ping", console.Format{}, "/ping", ws.Ping, "", 0},
		{"ping text", console.Format{}, "/ping  a b ", ws.Ping, "a b", 0},
		{"pong", console.Format{}, "/pong x", ws.Pong, "x", 0},
		{"close", console.Format{}, "/close", ws.Close, "", 1000},
		{"close code", console.Format{}, "/close 4001", ws.Close, "", 4001},
		{"close reason", console.Format{}, "/close 1001 good bye", ws.Close, "good bye", 1001},
	} {
		got, err := tt.format.Parse(tt.line)
		if err != nil || got.Type != tt.typ || string(got.Data) != tt.data || got.Code != tt.code {
			t.Errorf("%s: got %+v, %v, want %v %q %d", tt.name, got, err, tt.typ, tt.data, tt.code)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format console.Format
		line   string
		want   string
	}{
		{console.Format{}, "/", "two"},
		{console.Format{}, "/pingx", "/pingx is not one of"},
		{console.Format{}, "/quit", "/quit is not one of"},
		{console.Format{}, "/close x", "a number"},
		{console.Format{}, "/close -1", "a number"},
		{console.Format{}, "/close 70000", "a number"},
		{console.Format{Hex: true}, "0", "hexadecimal"},
		{console.Format{Hex: true}, "zz", "hexadecimal"},
	} {
		if got, err := tt.format.Parse(tt.line); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %+v, %v, want an error with %q", tt.line, got, err, tt.want)
		}
	}
}

// FuzzParse: what is no command is sent byte for byte.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a", "/ping x", "//a", "/close 1000 x", "/close", "00ff", "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := console.Format{Verbatim: true}.Parse(line)
		if err != nil || got.Type != ws.Text || string(got.Data) != line {
			t.Errorf("verbatim: got %+v, %v", got, err)
		}
		got, err = console.Format{Binary: true}.Parse("/" + line)
		switch {
		case strings.HasPrefix(line, "/"):
			if err != nil || got.Type != ws.Binary || string(got.Data) != line {
				t.Errorf("escaped: got %+v, %v", got, err)
			}
		case err == nil && (got.Type == ws.Text || got.Type == ws.Binary):
			t.Errorf("a command was taken for a message: %+v", got)
		}
		if got, err := (console.Format{Hex: true, Verbatim: true}).Parse(line); err == nil && 2*len(got.Data) > len(line) {
			t.Errorf("hex: got %d bytes of %d digits", len(got.Data), len(line))
		}
	})
}

func TestPrinter(t *testing.T) {
	t.Parallel()
	text := func(s string) ws.Message { return ws.Message{Type: ws.Text, Data: []byte(s)} }
	binary := func(s string) ws.Message { return ws.Message{Type: ws.Binary, Data: []byte(s)} }
	for _, tt := range []struct {
		name string
		p    *console.Printer
		m    ws.Message
		want string
	}{
		{"text", &console.Printer{}, text("a\x1b[2J"), "a\x1b[2J\n"},
		{"binary", &console.Printer{}, binary("\x00\xff"), "\x00\xff"},
		{"hex", &console.Printer{Hex: true}, binary("\x00\xff"), "00ff\n"},
		{"hex text", &console.Printer{Hex: true}, text("a"), "a\n"},
		{"terminal", &console.Printer{TTY: true}, text("a"), "< a\n"},
		{"terminal escape", &console.Printer{TTY: true}, text("a\x1b[2J\u009b\u202e"), `< a\x1b[2J\u009b\u202e` + "\n"},
		{"terminal lines", &console.Printer{TTY: true}, text("a\n< b"), "< a\n  < b\n"},
		{"terminal binary", &console.Printer{TTY: true}, binary("\x1b["), "< 1b5b\n"},
		{"json", &console.Printer{JSON: true}, text("a\n\"<\u202e\x7f"), `{"type":"text","data":"a\n\"<\u202e\u007f"}` + "\n"},
		{"json empty", &console.Printer{JSON: true}, text(""), `{"type":"text","data":""}` + "\n"},
		{"json binary", &console.Printer{JSON: true}, binary("\x00\xff"), `{"type":"binary","data":"AP8="}` + "\n"},
		{"json hex", &console.Printer{JSON: true, Hex: true}, binary("\x00\xff"), `{"type":"binary","data":"00ff"}` + "\n"},
	} {
		var out bytes.Buffer
		p := console.Printer{W: &out, TTY: tt.p.TTY, JSON: tt.p.JSON, Hex: tt.p.Hex}
		if err := p.Message(tt.m); err != nil || out.String() != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, out.String(), err, tt.want)
		}
	}
}

func TestPrinterPongAndClose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		p    *console.Printer
		want string
	}{
		{"pipe", &console.Printer{}, ""},
		{"terminal", &console.Printer{TTY: true}, "pong after 12 ms  x\\x1b\n"},
		{"json", &console.Printer{JSON: true}, `{"type":"pong","data":"x\u001b","ms":12}` + "\n" + `{"type":"close","code":1001,"reason":"bye"}` + "\n"},
	} {
		var out bytes.Buffer
		p := console.Printer{W: &out, TTY: tt.p.TTY, JSON: tt.p.JSON}
		if err := p.Pong([]byte("x\x1b"), 12e6); err != nil {
			t.Error(err)
		}
		if err := p.Close(1001, "bye"); err != nil {
			t.Error(err)
		}
		if out.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, out.String(), tt.want)
		}
	}
}

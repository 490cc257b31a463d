package console

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/ws"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Printer prints messages. It is safe for concurrent use.
//
// To a terminal goes a mark and a text in which nothing is left that the
// terminal would act on; binary messages are shown in hexadecimal digits.
// Elsewhere a text is followed by a line end, and a binary message is written as
// it is, unless Hex or JSON is set.
type Printer struct {
	W       io.Writer
	TTY     bool
	JSON    bool // one object for each message
	Hex     bool // binary messages as hexadecimal digits
	Palette render.Palette

	mu sync.Mutex
}

// event is the form of --json.
type event struct {
	Type   string   `json:"type"`
	Data   *string  `json:"data,omitempty"`
	Code   int      `json:"code,omitempty"`
	Reason string   `json:"reason,omitempty"`
	MS     *float64 `json:"ms,omitempty"`
}

// Message prints a text or a binary message.
func (p *Printer) Message(m ws.Message) error {
	switch {
	case p.JSON:
		data := m.Text()
		switch {
		case m.Type == ws.Binary && p.Hex:
			data = hex.EncodeToString(m.Data)
		case m.Type == ws.Binary:
			data = base64.StdEncoding.EncodeToString(m.Data)
		}
		return p.printEvent(event{Type: m.Type.String(), Data: &data})
	case m.Type == ws.Binary && (p.Hex || p.TTY):
		return p.printLine(hex.EncodeToString(m.Data))
	case m.Type == ws.Binary:
		return p.writeOnce(m.Data)
	case p.TTY:
		// What comes after a line end must not look like a message of its own.
		return p.printLine(strings.ReplaceAll(render.Text(m.Data), "\n", "\n  "))
	}
	return p.writeOnce(append(m.Data, '\n'))
}

// Pong prints the answer to a ping, which took so long.
func (p *Printer) Pong(data []byte, took time.Duration) error {
	switch {
	case p.JSON:
		text, ms := strings.ToValidUTF8(string(data), "\ufffd"), render.Milliseconds(took)
		return p.printEvent(event{Type: "pong", Data: &text, MS: &ms})
	case p.TTY:
		return p.writeOnce([]byte(p.Palette.Dim(fmt.Sprintf("pong after %s  %s", render.Duration(took), render.Line(string(data)))) + "\n"))
	}
	return nil
}

// Close prints the end, if it has a place in the output.
func (p *Printer) Close(code ws.CloseCode, reason string) error {
	if !p.JSON {
		return nil
	}
	return p.printEvent(event{Type: "close", Code: int(code), Reason: strings.ToValidUTF8(reason, "\ufffd")})
}

// printLine prints a message with the mark that says where it comes from.
func (p *Printer) printLine(text string) error {
	mark := ""
	if p.TTY {
		mark = p.Palette.Cyan("<") + " "
	}
	return p.writeOnce([]byte(mark + text + "\n"))
}

// printEvent prints one object.
func (p *Printer) printEvent(e event) error {
	data, err := render.JSON(e)
	if err != nil {
		return err
	}
	return p.writeOnce(data)
}

// writeOnce writes one piece of output as a whole.
func (p *Printer) writeOnce(data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.W.Write(data)
	return err
}

package pretty

import (
	"bytes"
	"encoding/json"
	"io"
)

// maxLine is the longest line of an event that is held for its end. A longer one goes on
// as it comes.
const maxLine = 1 << 20

// eventWriter passes server-sent events on line by line, each when it is complete: the
// names of the fields get a colour, and data that is JSON is laid out.
type eventWriter struct {
	w     io.Writer
	style Style
	line  []byte
	long  bool // the line was too long to be held
}

func newEventWriter(w io.Writer, style Style) *eventWriter { return &eventWriter{w: w, style: style} }

// Write implements io.Writer.
func (e *eventWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			e.line = append(e.line, rest...)
			if !e.long && len(e.line) <= maxLine {
				break
			}
			e.long = true
			if err := e.flushLine(); err != nil {
				return 0, err
			}
			break
		}
		e.line = append(e.line, rest[:i+1]...)
		rest = rest[i+1:]
		err := e.flushLine()
		if e.long = false; err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Close writes a line without an end.
func (e *eventWriter) Close() error { return e.flushLine() }

// flushLine writes the line that is held.
func (e *eventWriter) flushLine() error {
	if len(e.line) == 0 {
		return nil
	}
	out := e.line
	if !e.long {
		out = e.layOutLine(e.line)
	}
	_, err := e.w.Write(out)
	e.line = e.line[:0]
	return err
}

// layOutLine makes a line readable.
func (e *eventWriter) layOutLine(line []byte) []byte {
	text := bytes.TrimRight(line, "\r\n")
	name, value, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		return line
	}
	var out []byte
	paint := func(color string, text []byte) {
		if !e.style.Color || len(text) == 0 {
			out = append(out, text...)
			return
		}
		out = append(append(append(out, "\x1b["+color+"m"...), text...), "\x1b[0m"...)
	}
	if len(name) == 0 { // a remark
		paint("2", text)
		return append(out, line[len(text):]...)
	}
	paint(fieldColor, name)
	out = append(out, ':')
	if data := bytes.TrimLeft(value, " "); string(name) == "data" && len(data) > 0 && (data[0] == '{' || data[0] == '[') && json.Valid(data) {
		return append(append(append(out, ' '), e.layOutJSON(data)...), line[len(text):]...)
	}
	return append(append(out, value...), line[len(text):]...)
}

// layOutJSON makes data readable, below itself.
func (e *eventWriter) layOutJSON(data []byte) []byte {
	var out bytes.Buffer
	if e.style.Sort {
		data = sortJSON(data)
	}
	j := newJSONWriter(&out, e.style, "      ")
	// A buffer takes everything.
	_, _ = j.Write(data)
	_ = j.Close()
	return bytes.TrimRight(out.Bytes(), "\n")
}

package push

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxLine is the length of a line at which it is taken for something else than a URL.
const maxLine = 1 << 20

// Read pushes the lines of a file. A line is a URL, and behind it, after a space or a tab,
// the name of the file if it is to have one. Blanks around a line, empty lines, lines that
// begin with # and a byte order mark are passed over; a mark of UTF-16 makes it a file of
// UTF-16. The error is one of reading; what was read before it is pushed.
func (p *Pusher) Read(name string, r io.Reader) error {
	lines := bufio.NewScanner(transform.NewReader(r, unicode.BOMOverride(encoding.Nop.NewDecoder())))
	lines.Buffer(make([]byte, 64<<10), maxLine)
	batch := make([]line, 0, batchLines)
	number := 0
	for p.ctx.Err() == nil && lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if batch = append(batch, line{name, number, text}); len(batch) == batchLines {
			p.send(batch)
			batch = make([]line, 0, batchLines)
		}
	}
	p.send(batch)
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: after line %d: %w", name, number, err)
	}
	return nil
}

// send hands lines over.
func (p *Pusher) send(batch []line) {
	select {
	case p.lines <- batch:
	case <-p.ctx.Done(): // Close has the cause
	}
}

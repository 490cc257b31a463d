package push

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxLine is the length of a line at which it is taken for something else than a URL.
const maxLine = 1 << 20

// errLong is the error of a line that is none.
var errLong = errors.New("longer than 1 MiB")

// Read pushes the lines of a file. A line is a URL, and behind it, after a space or a tab,
// the name of the file if it is to have one. Blanks around a line, empty lines, lines that
// begin with # and a byte order mark are passed over; a mark of UTF-16 makes it a file of
// UTF-16. A line that is longer than 1 MiB is refused. The error is one of reading; what was
// read before it is pushed.
func (p *Pusher) Read(name string, r io.Reader) error {
	lines := lineReader{r: bufio.NewReaderSize(transform.NewReader(r, unicode.BOMOverride(encoding.Nop.NewDecoder())), 64<<10)}
	batch := make([]line, 0, batchLines)
	number := 0
	var err error
	for p.ctx.Err() == nil {
		var text string
		if text, err = lines.next(); err != nil && !errors.Is(err, errLong) {
			break
		}
		number++
		if err != nil {
			p.refuse(line{file: name, number: number}, err)
			continue
		}
		if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
			continue
		}
		if batch = append(batch, line{name, number, text}); len(batch) == batchLines {
			p.send(batch)
			batch = make([]line, 0, batchLines)
		}
	}
	p.send(batch)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLong) {
		return fmt.Errorf("%s: after line %d: %w", name, number, err)
	}
	return nil
}

// lineReader reads lines of any length, and keeps no more of one than is looked at.
type lineReader struct {
	r    *bufio.Reader
	long []byte // the beginning of one that does not fit into the reader
}

// next is the next line without its end, errLong for one that is too long, of which all was
// read, io.EOF, or an error of reading.
func (l *lineReader) next() (string, error) {
	l.long = l.long[:0]
	tooLong, some := false, false
	for {
		piece, err := l.r.ReadSlice('\n')
		some = some || len(piece) > 0
		if len(l.long)+len(piece) > maxLine+1 {
			tooLong, piece = true, nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			l.long = append(l.long, piece...)
			continue
		case err != nil && (!some || !errors.Is(err, io.EOF)):
			return "", err
		case tooLong:
			return "", errLong
		}
		return strings.TrimSuffix(string(append(l.long, piece...)), "\n"), nil
	}
}

// send hands lines over.
func (p *Pusher) send(batch []line) {
	select {
	case p.lines <- batch:
	case <-p.ctx.Done(): // Close has the cause
	}
}

package tunnel

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
)

// Bounds of an answer's head, in bytes.
const (
	maxLine = 8 << 10  // without the line's end
	maxHead = 64 << 10 // with all line ends, 1xx included
)

// headReader reads the heads of answers. Its buffer holds the longest line and
// its end.
type headReader struct {
	br   *bufio.Reader
	left int // of maxHead
}

func badAnswer(reason string) error {
	return &Error{Op: connectOp, Kind: errors.ErrBadHTTPMessage, Err: errors.New(reason)}
}

// readLine reads a line without its end. A bare LF ends one too (RFC 9112 2.2).
func (h *headReader) readLine() (string, error) {
	raw, err := h.br.ReadSlice('\n')
	if err != nil {
		if err == bufio.ErrBufferFull {
			return "", badAnswer("a line of the answer is longer than 8 KiB")
		}
		return "", lostError(connectOp, err)
	}
	if h.left -= len(raw); h.left < 0 {
		return "", badAnswer("the answer's head is longer than 64 KiB")
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if len(text) > maxLine {
		return "", badAnswer("a line of the answer is longer than 8 KiB")
	}
	return text, nil
}

// readStatusLine reads the first line (RFC 9112 4). The space before an empty reason
// may be missing.
func (h *headReader) readStatusLine() (status int, reason string, err error) {
	if first, err := h.br.Peek(1); err == nil && first[0] != 'H' {
		return 0, "", badAnswer("the answer is not HTTP") // without waiting for a line's end
	}
	line, err := h.readLine()
	if err != nil {
		return 0, "", err
	}
	version, rest, _ := strings.Cut(line, " ")
	if major, _, ok := http.ParseHTTPVersion(version); !ok || major != 1 {
		return 0, "", badAnswer("the answer is not HTTP/1")
	}
	code, reason, _ := strings.Cut(rest, " ")
	if len(code) != 3 || strings.Trim(code, "0123456789") != "" || code[0] == '0' {
		return 0, "", badAnswer("the answer has no status")
	}
	if !httpguts.ValidHeaderFieldValue(reason) {
		return 0, "", badAnswer("the answer's reason has a control character")
	}
	status, err = strconv.Atoi(code)
	return status, reason, err
}

// readFields reads up to the empty line. A line that goes on with the one before is
// joined to it with a space (RFC 9112 5.2).
func (h *headReader) readFields() (http.Header, error) {
	header := http.Header{}
	last := "" // the field that a continuation belongs to
	for {
		line, err := h.readLine()
		if err != nil {
			return nil, err
		}
		if line == "" {
			return header, nil
		}
		if !httpguts.ValidHeaderFieldValue(line) {
			return nil, badAnswer("a field of the answer has a control character")
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last == "" {
				return nil, badAnswer("the answer's first field has no name")
			}
			values := header[last]
			values[len(values)-1] = strings.Trim(values[len(values)-1]+" "+strings.Trim(line, " \t"), " ")
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !httpguts.ValidHeaderFieldName(name) { // white space before the colon included (RFC 9112 5.1)
			return nil, badAnswer("a field of the answer has no name")
		}
		last = http.CanonicalHeaderKey(name)
		header[last] = append(header[last], strings.Trim(value, " \t"))
	}
}

package session

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

const (
	dashes = "--"
	// maxPreamble bounds where the first delimiter is looked for, in bytes.
	maxPreamble = 16 << 10
)

// findBoundary is what the parts of src are divided by, and src from its start. A delimiter
// is two hyphens and the boundary (RFC 2046 5.1.1), but there are cameras that name the
// whole delimiter as their boundary: of a boundary that begins with hyphens the first
// delimiter tells which it is. Nothing is read for any other boundary, and no more than up
// to that delimiter, or [maxPreamble].
func findBoundary(src io.Reader, boundary string) (whole io.Reader, used string) {
	short, ok := strings.CutPrefix(boundary, dashes)
	if !ok || short == "" {
		return src, boundary
	}
	r := bufio.NewReaderSize(src, maxPreamble)
	for n, seen := 1, 0; ; n++ { // the lines up to seen are none, however the others end
		// What is there already may hold several lines; Peek waits for one byte more.
		start, err := r.Peek(max(n, r.Buffered()))
		switch firstDelimiter(start[seen:], boundary, err != nil) {
		case dashes + boundary:
			return r, boundary
		case boundary:
			return r, short
		}
		if n = len(start); err != nil { // the end, or no delimiter in all that is looked at
			return r, boundary
		}
		seen += bytes.LastIndexByte(start[seen:], '\n') + 1
	}
}

// firstDelimiter is the delimiter that the first line of data that is one has: with two
// hyphens before the boundary or without them. It is "" if there is no such line yet. A
// line without an end may become another one, unless there is no more to come.
func firstDelimiter(data []byte, boundary string, last bool) string {
	for len(data) > 0 {
		line, rest, ended := bytes.Cut(data, []byte("\n"))
		for _, delimiter := range []string{dashes + boundary, boundary} {
			tail, ok := bytes.CutPrefix(line, []byte(delimiter))
			if ok && (ended || last) && isDelimiterTail(tail) {
				return delimiter
			}
		}
		data = rest
	}
	return ""
}

// isDelimiterTail reports whether a line may go on so behind its delimiter: with the
// hyphens of the last one, blanks and a CR.
func isDelimiterTail(tail []byte) bool {
	tail = bytes.TrimPrefix(tail, []byte(dashes))
	return len(bytes.Trim(tail, " \t\r")) == 0
}

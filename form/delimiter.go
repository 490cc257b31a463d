package form

import (
	"bytes"
	"io"
	"strings"
)

// A random boundary is in no content. One that the caller chose may be: a line that
// begins with it ends the part, for every reader (RFC 2046 5.1.1). So what lies in
// memory is looked through before anything is sent. Files and streams are not: they
// would have to be read twice.

// holdsDelimiter reports whether a line of a part's head, or of its content if that
// lies in memory, begins with the delimiter of boundary.
func (p piece) holdsDelimiter(boundary string) (bool, error) {
	delimiter := []byte("--" + boundary)
	if beginsLine(p.head, delimiter) {
		return true, nil
	}
	return contentHolds(p.content, boundary, delimiter)
}

// checkBoundary refuses a boundary that the part holds.
func (p *part) checkBoundary(piece piece, boundary string) error {
	found, err := piece.holdsDelimiter(boundary)
	if found {
		return invalidPart(p.label, "holds the boundary that was chosen", nil)
	}
	return err
}

func contentHolds(content payload, boundary string, delimiter []byte) (bool, error) {
	switch c := content.(type) {
	case memory:
		return beginsLine(c, delimiter), nil
	case nestedBody:
		l, err := c.layOut()
		for _, p := range l {
			if found, err := p.holdsDelimiter(boundary); found || err != nil {
				return found, err
			}
		}
		return false, err
	}
	content = inMemory(content)
	if content == nil {
		return false, nil
	}
	r, err := content.open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	return readsLine(r, delimiter)
}

// inMemory is a content that lies in memory, to be read without moving a reader of
// the caller's; nil if it does not.
func inMemory(content payload) payload {
	switch c := content.(type) {
	case memory:
		return c
	case *seeker:
		switch r := c.r.(type) {
		case *bytes.Reader:
			return memorySection{r, c.start, c.n}
		case *strings.Reader:
			return memorySection{r, c.start, c.n}
		}
	case encoded:
		if inner := inMemory(c.payload); inner != nil {
			return encoded{inner, c.with}
		}
	}
	return nil
}

// memorySection is a piece of a reader in memory.
type memorySection struct {
	r        io.ReaderAt
	start, n int64
}

func (s memorySection) size() (int64, error) { return s.n, nil }
func (s memorySection) isReplayable() bool   { return true }
func (s memorySection) open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.r, s.start, s.n)), nil
}

// beginsLine reports whether a line of data, which begins with one, begins with
// prefix. Some readers take a lone CR or LF for the end of a line.
func beginsLine(data, prefix []byte) bool {
	return bytes.HasPrefix(data, prefix) || hasLine(data, prefix)
}

// hasLine is beginsLine without the first line.
func hasLine(data, prefix []byte) bool {
	for at := 1; at < len(data); at++ {
		i := bytes.Index(data[at:], prefix)
		if i < 0 {
			return false
		}
		if at += i; data[at-1] == '\n' || data[at-1] == '\r' {
			return true
		}
	}
	return false
}

// readsLine is beginsLine for a reader.
func readsLine(r io.Reader, prefix []byte) (bool, error) {
	buf := append(make([]byte, 0, copySize), '\n')
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case hasLine(buf, prefix):
			return true, nil
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		}
		// The prefix may be there in part, with the end of a line before it.
		if keep := len(prefix); len(buf) > keep {
			buf = buf[:copy(buf, buf[len(buf)-keep:])]
		}
	}
}

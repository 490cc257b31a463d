package form

import (
	"io"
	"os"
	"sync/atomic"
)

const (
	// inline is up to which size a part in memory is copied next to its head,
	// so that small fields are one piece.
	inline = 4 << 10
	// copySize is the buffer of WriteTo.
	copySize = 64 << 10
)

// piece is some bytes, and then a content or nothing.
type piece struct {
	head    []byte
	content payload
}

// layout is a body in pieces, ready to be measured and opened.
type layout []piece

// headPiece returns the piece that bytes are added to, a new one if the last has a
// content.
func (l layout) headPiece() (layout, *piece) {
	if n := len(l); n == 0 || l[n-1].content != nil {
		l = append(l, piece{})
	}
	return l, &l[len(l)-1]
}

// appendDelimiter adds a boundary, and what follows it (RFC 2046 5.1.1).
func (l layout) appendDelimiter(boundary, rest string) layout {
	first := len(l) == 0
	l, p := l.headPiece()
	if !first {
		p.head = append(p.head, "\r\n"...)
	}
	p.head = append(append(append(append(p.head, "--"...), boundary...), rest...), "\r\n"...)
	return l
}

// appendPart adds a part: its delimiter and head, and its content.
func (l layout) appendPart(boundary string, part piece) layout {
	l, p := l.appendDelimiter(boundary, "").headPiece()
	p.head = append(p.head, part.head...)
	if m, ok := part.content.(memory); ok && len(m) <= inline {
		p.head = append(p.head, m...)
		return l
	}
	p.content = part.content
	return l
}

// appendEnd adds the last delimiter.
func (l layout) appendEnd(boundary string) layout { return l.appendDelimiter(boundary, "--") }

// size is -1 if one of the contents does not know its own. All are asked: each
// will be held to its answer.
func (l layout) size() (int64, error) {
	total, known := int64(0), true
	for _, p := range l {
		total += int64(len(p.head))
		if p.content == nil {
			continue
		}
		n, err := p.content.size()
		if err != nil {
			return 0, err
		}
		known = known && n >= 0
		total += n
	}
	if !known {
		return -1, nil
	}
	return total, nil
}

// open opens all contents. What can be read only once comes last, so that a
// file that is missing does not use it up.
func (l layout) open() (io.ReadCloser, error) {
	b := &body{pieces: make([]opened, len(l)), closers: make([]io.Closer, 0, len(l))}
	var once []int
	for i, p := range l {
		b.pieces[i].head = p.head
		if p.content == nil {
			continue
		}
		if !p.content.isReplayable() {
			once = append(once, i)
		} else if err := b.openContent(i, p.content); err != nil {
			return nil, err
		}
	}
	for _, i := range once {
		if err := b.openContent(i, l[i].content); err != nil {
			return nil, err
		}
	}
	return b, nil
}

type opened struct {
	head []byte
	r    io.ReadCloser
}

// body is a body on its way. It reads its pieces in turn and starts no
// goroutine. Close may be called while Read is at work.
type body struct {
	pieces  []opened
	closers []io.Closer // fixed once it is open
	closed  atomic.Bool
	err     error // why it ended before its end
}

// openContent opens a content. On an error everything is closed.
func (b *body) openContent(i int, content payload) error {
	r, err := content.open()
	if err != nil {
		b.Close()
		return err
	}
	b.pieces[i].r = r
	b.closers = append(b.closers, r)
	return nil
}

// Read reads from one piece at a time.
func (b *body) Read(p []byte) (int, error) {
	for len(p) > 0 && b.skipFinished() {
		now := &b.pieces[0]
		if len(now.head) > 0 {
			n := copy(p, now.head)
			now.head = now.head[n:]
			return n, nil
		}
		n, err := now.r.Read(p)
		b.contentEnded(err)
		if n > 0 || err == nil {
			return n, nil
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	return 0, b.finalError()
}

// WriteTo writes what is left. Contents in memory are not copied; others go
// through one buffer.
func (b *body) WriteTo(w io.Writer) (total int64, err error) {
	var buf []byte
	for b.skipFinished() {
		now := &b.pieces[0]
		if len(now.head) > 0 {
			n, err := w.Write(now.head)
			now.head = now.head[n:]
			total += int64(n)
			if err != nil {
				return total, err
			}
			continue
		}
		if from, ok := now.r.(io.WriterTo); ok {
			n, err := from.WriteTo(w)
			total += n
			if err != nil {
				return total, err
			}
			b.contentEnded(io.EOF)
			continue
		}
		if buf == nil {
			buf = make([]byte, copySize)
		}
		n, err := b.copyOnce(w, now.r, buf)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	if err := b.finalError(); err != io.EOF {
		return total, err
	}
	return total, nil
}

// copyOnce hands one buffer on. The error is the writer's.
func (b *body) copyOnce(w io.Writer, r io.Reader, buf []byte) (int, error) {
	n, readErr := r.Read(buf)
	if n > 0 {
		written, err := w.Write(buf[:n])
		if err == nil && written < n {
			err = io.ErrShortWrite
		}
		if err != nil {
			return written, err
		}
	}
	b.contentEnded(readErr)
	return n, nil
}

// skipFinished drops the pieces that were read, and reports whether one is left.
func (b *body) skipFinished() bool {
	for b.err == nil && !b.closed.Load() && len(b.pieces) > 0 {
		if now := b.pieces[0]; len(now.head) > 0 || now.r != nil {
			return true
		}
		b.pieces = b.pieces[1:]
	}
	return false
}

// contentEnded takes the error that reading a content ended with, if it did. At its end the file is given
// back at once.
func (b *body) contentEnded(err error) {
	switch err {
	case nil:
	case io.EOF:
		b.pieces[0].r.Close()
		b.pieces[0].r = nil
	default:
		b.err = err
	}
}

// finalError is what a Read after the last byte returns.
func (b *body) finalError() error {
	switch {
	case b.closed.Load():
		return os.ErrClosed
	case b.err != nil:
		return b.err
	}
	return io.EOF
}

// Close closes the files that were opened by their path. The readers that were
// given stay open.
func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	for _, c := range b.closers {
		c.Close()
	}
	return nil
}

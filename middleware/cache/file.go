package cache

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// A file of a cache is
//
//	line   the format's name, the lengths of head and body
//	head   JSON
//	sum    of line and head
//	block  of the body, 32 KiB or the rest of it     ┐ as often
//	sum    of the block                              ┘ as need be
//
// The lengths are written last, so that a file that was not completed does not fit
// them. A sum covers also which entry of which key its bytes are of and where they
// stand there: bytes of another entry, or of another place, are not taken for right.
const (
	lineFormat = "aiolos-cache/2 %010d %019d\n"
	lineLength = len("aiolos-cache/2 0000000000 0000000000000000000\n")
	maxHead    = 4 << 20
	blockSize  = 32 << 10
	sumLength  = 16
)

var errDamaged = errors.New("cache file is damaged")

// fileHead is what a file begins with.
type fileHead struct {
	meta *Meta
	body int64  // the length of the body
	text []byte // line and head
	sum  []byte
}

// readHead reads the head of a file of the given length, which is not verified
// yet, and leaves r at the body.
func readHead(r io.Reader, length int64) (*fileHead, error) {
	line := make([]byte, lineLength)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, oneline.Join(errDamaged, err)
	}
	var size, body int64
	if _, err := fmt.Sscanf(string(line), lineFormat, &size, &body); err != nil {
		return nil, oneline.Join(errDamaged, err)
	}
	if size <= 0 || size > maxHead || body < 0 || body > length || fileSize(size, body) != length {
		return nil, errDamaged
	}
	text := slices.Concat(line, make([]byte, size+sumLength))
	if _, err := io.ReadFull(r, text[lineLength:]); err != nil {
		return nil, oneline.Join(errDamaged, err)
	}
	end := len(text) - sumLength
	head := &fileHead{meta: &Meta{}, body: body, text: text[:end], sum: text[end:]}
	if err := json.Unmarshal(text[lineLength:end], head.meta); err != nil {
		return nil, oneline.Join(errDamaged, err)
	}
	if head.meta.Header == nil && head.meta.Vary == nil {
		return nil, errDamaged
	}
	return head, nil
}

// readVerifiedHead is readHead for the file of a name, whose sum has to be right.
func readVerifiedHead(r io.Reader, length int64, name string) (*fileHead, error) {
	head, err := readHead(r, length)
	if err == nil && !bytes.Equal(head.sum, newBlockSums(name, head.meta.ID).sumBlock(headBlock, head.text)) {
		err = errDamaged
	}
	if err != nil {
		return nil, err
	}
	return head, nil
}

// fileSize is how long a file is.
func fileSize(head, body int64) int64 {
	blocks := (body + blockSize - 1) / blockSize
	return int64(lineLength) + head + sumLength + body + blocks*sumLength
}

// copyBody copies an entry's body.
func copyBody(w io.Writer, entry *Entry) (int64, error) {
	n, err := io.Copy(w, entry.Body)
	if err == nil && n != entry.Size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readIntoMemory reads the body of an entry and closes its file.
func (e *Entry) readIntoMemory() error {
	body, err := io.ReadAll(e.Body)
	if err != nil {
		return err
	}
	e.Body.Close()
	reader := &memoryBody{}
	reader.Reset(body)
	e.Body = reader
	return nil
}

// fileWriter is an entry that gets its name when it is complete.
type fileWriter struct {
	dir      *Dir
	f        *os.File // nil once committed or aborted
	buf      *bufio.Writer
	name     string
	replaces string // the ID of the only entry that it may replace, or ""
	sums     *blockSums
	text     []byte // the head, for its sum
	block    []byte // what was written since the last whole block
	index    int64
	body     int64
}

func (w *fileWriter) writeHead(meta *Meta) error {
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	if len(text) > maxHead {
		return fmt.Errorf("head of %d bytes is too large for a cache file", len(text))
	}
	w.buf = bufio.NewWriterSize(w.f, 32<<10)
	w.sums, w.text = newBlockSums(w.name, meta.ID), text
	for _, part := range [][]byte{make([]byte, lineLength), text, make([]byte, sumLength)} {
		if _, err := w.buf.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// Write writes whole blocks with their sums, and keeps the rest.
func (w *fileWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part := p[n:min(len(p), n+blockSize-len(w.block))]
		w.block = append(w.block, part...)
		n += len(part)
		if len(w.block) == blockSize {
			if err := w.writeBlock(); err != nil {
				return n, err
			}
		}
	}
	w.body += int64(n)
	return n, nil
}

func (w *fileWriter) writeBlock() error {
	if _, err := w.buf.Write(w.block); err != nil {
		return err
	}
	_, err := w.buf.Write(w.sums.sumBlock(w.index, w.block))
	w.block = w.block[:0]
	w.index++
	return err
}

// writeEnd writes what is left, and the sum of the head and its lengths.
func (w *fileWriter) writeEnd() error {
	if len(w.block) > 0 {
		if err := w.writeBlock(); err != nil {
			return err
		}
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	line := fmt.Appendf(nil, lineFormat, len(w.text), w.body)
	sum := w.sums.sumBlock(headBlock, slices.Concat(line, w.text))
	if _, err := w.f.WriteAt(sum, int64(len(line)+len(w.text))); err != nil {
		return err
	}
	_, err := w.f.WriteAt(line, 0)
	return err
}

// Commit completes the file and gives it its name, which is one step for other
// readers.
func (w *fileWriter) Commit() error {
	if err := w.writeEnd(); err != nil {
		return err
	}
	if err := w.f.Close(); err != nil {
		return err
	}
	d := w.dir
	d.mu.Lock()
	defer d.mu.Unlock()
	replaced := int64(0)
	if info, err := os.Stat(w.name); err == nil {
		replaced = info.Size()
	}
	if w.replaces != "" && !w.canReplace() {
		return nil // Abort removes the file
	}
	if err := os.Rename(w.f.Name(), w.name); err != nil {
		return err
	}
	w.f = nil
	d.size += fileSize(int64(len(w.text)), w.body) - replaced
	if d.limit >= 0 && d.size > d.limit {
		return d.removeOldest()
	}
	return nil
}

// canReplace reports whether the entry that is to be replaced is still there.
func (w *fileWriter) canReplace() bool {
	f, err := openFile(w.name)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	head, err := readVerifiedHead(f, info.Size(), w.name)
	return err == nil && head.meta.ID == w.replaces
}

// Abort removes the file.
func (w *fileWriter) Abort() {
	if w.f == nil {
		return
	}
	// There is nobody to tell: what stays is removed when the directory is
	// opened again.
	w.f.Close()
	os.Remove(w.f.Name())
	w.f = nil
}

package middleware

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/errors"
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
	cacheFileLine   = "aiolos-cache/2 %010d %019d\n"
	cacheLineLength = len("aiolos-cache/2 0000000000 0000000000000000000\n")
	cacheMaxHead    = 4 << 20
	cacheBlock      = 32 << 10
	cacheSumLength  = 16
)

var errCacheFile = errors.New("cache file is damaged")

// cacheFileHead is what a file begins with.
type cacheFileHead struct {
	meta *CacheMeta
	body int64  // the length of the body
	text []byte // line and head
	sum  []byte
}

// cacheReadHead reads the head of a file of the given length, which is not verified
// yet, and leaves r at the body.
func cacheReadHead(r io.Reader, length int64) (*cacheFileHead, error) {
	line := make([]byte, cacheLineLength)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, errors.Join(errCacheFile, err)
	}
	var size, body int64
	if _, err := fmt.Sscanf(string(line), cacheFileLine, &size, &body); err != nil {
		return nil, errors.Join(errCacheFile, err)
	}
	if size <= 0 || size > cacheMaxHead || body < 0 || body > length || cacheFileSize(size, body) != length {
		return nil, errCacheFile
	}
	text := append(line, make([]byte, size+cacheSumLength)...)
	if _, err := io.ReadFull(r, text[cacheLineLength:]); err != nil {
		return nil, errors.Join(errCacheFile, err)
	}
	end := len(text) - cacheSumLength
	head := &cacheFileHead{meta: &CacheMeta{}, body: body, text: text[:end], sum: text[end:]}
	if err := json.Unmarshal(text[cacheLineLength:end], head.meta); err != nil {
		return nil, errors.Join(errCacheFile, err)
	}
	if head.meta.Header == nil && head.meta.Vary == nil {
		return nil, errCacheFile
	}
	return head, nil
}

// cacheVerifiedHead is cacheReadHead for the file of a name, whose sum has to be right.
func cacheVerifiedHead(r io.Reader, length int64, name string) (*cacheFileHead, error) {
	head, err := cacheReadHead(r, length)
	if err == nil && !bytes.Equal(head.sum, newCacheSums(name, head.meta.ID).of(cacheHeadBlock, head.text)) {
		err = errCacheFile
	}
	if err != nil {
		return nil, err
	}
	return head, nil
}

// cacheFileSize is how long a file is.
func cacheFileSize(head, body int64) int64 {
	blocks := (body + cacheBlock - 1) / cacheBlock
	return int64(cacheLineLength) + head + cacheSumLength + body + blocks*cacheSumLength
}

// cacheCopy copies an entry's body.
func cacheCopy(w io.Writer, entry *CacheEntry) (int64, error) {
	n, err := io.Copy(w, entry.Body)
	if err == nil && n != entry.Size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// inMemory reads the body of an entry and closes its file.
func (e *CacheEntry) inMemory() error {
	body, err := io.ReadAll(e.Body)
	if err != nil {
		return err
	}
	e.Body.Close()
	reader := &cacheReader{}
	reader.Reset(body)
	e.Body = reader
	return nil
}

// cacheFileWriter is an entry that gets its name when it is complete.
type cacheFileWriter struct {
	dir   *CacheDir
	f     *os.File // nil once committed or aborted
	buf   *bufio.Writer
	name  string
	over  string // the ID of the only entry that it may replace, or ""
	sums  *cacheSums
	text  []byte // the head, for its sum
	block []byte // what was written since the last whole block
	index int64
	body  int64
}

func (w *cacheFileWriter) writeHead(meta *CacheMeta) error {
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	if len(text) > cacheMaxHead {
		return fmt.Errorf("head of %d bytes is too large for a cache file", len(text))
	}
	w.buf = bufio.NewWriterSize(w.f, 32<<10)
	w.sums, w.text = newCacheSums(w.name, meta.ID), text
	for _, part := range [][]byte{make([]byte, cacheLineLength), text, make([]byte, cacheSumLength)} {
		if _, err := w.buf.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// Write writes whole blocks with their sums, and keeps the rest.
func (w *cacheFileWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part := p[n:min(len(p), n+cacheBlock-len(w.block))]
		w.block = append(w.block, part...)
		n += len(part)
		if len(w.block) == cacheBlock {
			if err := w.writeBlock(); err != nil {
				return n, err
			}
		}
	}
	w.body += int64(n)
	return n, nil
}

func (w *cacheFileWriter) writeBlock() error {
	if _, err := w.buf.Write(w.block); err != nil {
		return err
	}
	_, err := w.buf.Write(w.sums.of(w.index, w.block))
	w.block = w.block[:0]
	w.index++
	return err
}

// writeEnd writes what is left, and the sum of the head and its lengths.
func (w *cacheFileWriter) writeEnd() error {
	if len(w.block) > 0 {
		if err := w.writeBlock(); err != nil {
			return err
		}
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	line := fmt.Appendf(nil, cacheFileLine, len(w.text), w.body)
	sum := w.sums.of(cacheHeadBlock, append(line[:len(line):len(line)], w.text...))
	if _, err := w.f.WriteAt(sum, int64(len(line)+len(w.text))); err != nil {
		return err
	}
	_, err := w.f.WriteAt(line, 0)
	return err
}

// Commit completes the file and gives it its name, which is one step for other
// readers.
func (w *cacheFileWriter) Commit() error {
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
	if w.over != "" && !w.fits() {
		return nil // Abort removes the file
	}
	if err := os.Rename(w.f.Name(), w.name); err != nil {
		return err
	}
	w.f = nil
	d.size += cacheFileSize(int64(len(w.text)), w.body) - replaced
	if d.limit >= 0 && d.size > d.limit {
		return d.trim()
	}
	return nil
}

// fits reports whether the entry that is to be replaced is still there.
func (w *cacheFileWriter) fits() bool {
	f, err := os.Open(w.name)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	head, err := cacheVerifiedHead(f, info.Size(), w.name)
	return err == nil && head.meta.ID == w.over
}

// Abort removes the file.
func (w *cacheFileWriter) Abort() {
	if w.f == nil {
		return
	}
	// There is nobody to tell: what stays is removed when the directory is
	// opened again.
	w.f.Close()
	os.Remove(w.f.Name())
	w.f = nil
}

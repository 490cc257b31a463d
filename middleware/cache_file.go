package middleware

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/errors"
)

// A file of a cache is a line with the format's name and the lengths of head
// and body, the head as JSON, and the body. The lengths are written last, so
// that a file that was not completed does not fit them.
const (
	cacheFileLine   = "aiolos-cache/1 %010d %019d\n"
	cacheLineLength = len("aiolos-cache/1 0000000000 0000000000000000000\n")
	cacheMaxHead    = 4 << 20
)

var errCacheFile = errors.New("cache file is damaged")

// cacheReadHead reads the head of a file of the given length and leaves r at
// the body.
func cacheReadHead(r io.Reader, length int64) (*CacheMeta, int64, error) {
	line := make([]byte, cacheLineLength)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, 0, errors.Join(errCacheFile, err)
	}
	var head, body int64
	if _, err := fmt.Sscanf(string(line), cacheFileLine, &head, &body); err != nil {
		return nil, 0, errors.Join(errCacheFile, err)
	}
	if head <= 0 || head > cacheMaxHead || body < 0 || body != length-int64(cacheLineLength)-head {
		return nil, 0, errCacheFile
	}
	text := make([]byte, head)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, 0, errors.Join(errCacheFile, err)
	}
	meta := &CacheMeta{}
	if err := json.Unmarshal(text, meta); err != nil {
		return nil, 0, errors.Join(errCacheFile, err)
	}
	if meta.Header == nil && meta.Vary == nil {
		return nil, 0, errCacheFile
	}
	return meta, body, nil
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
	dir  *CacheDir
	f    *os.File // nil once committed or aborted
	buf  *bufio.Writer
	name string
	over string // the ID of the only entry that it may replace, or ""
	head int64
	body int64
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
	w.head = int64(len(text))
	if _, err := w.buf.Write(make([]byte, cacheLineLength)); err != nil {
		return err
	}
	_, err = w.buf.Write(text)
	return err
}

func (w *cacheFileWriter) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	w.body += int64(n)
	return n, err
}

// Commit completes the file and gives it its name, which is one step for other
// readers.
func (w *cacheFileWriter) Commit() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	if _, err := w.f.WriteAt(fmt.Appendf(nil, cacheFileLine, w.head, w.body), 0); err != nil {
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
	d.size += int64(cacheLineLength) + w.head + w.body - replaced
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
	meta, _, err := cacheReadHead(f, info.Size())
	return err == nil && meta.ID == w.over
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

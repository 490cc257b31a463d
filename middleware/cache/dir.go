package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// Dir is a [Store] in the files of one directory, which may be used
// by several processes at once. Files have mode 0600 and names that do not tell
// the URL, but they hold what the servers sent. The least recently used go
// first. It is safe for concurrent use.
//
// What is in the files is checked before it is given: an entry that was cut, garbled or
// put in the place of another counts as missing, and where that shows only behind the
// first 32 KiB of a body, reading it fails with an [errors.ClientPayloadError]. The
// next request asks the server. That is no seal: who can write in the directory can
// write entries.
type Dir struct {
	path  string
	limit int64
	// copies: an open file can be neither replaced nor removed, so it is read
	// at once.
	copies bool

	mu      sync.Mutex
	size    int64 // as far as this process knows
	evicted int64 // by it
}

const (
	fileSuffix = ".cached"
	tempSuffix = ".part"
	// tempMaxAge is when a file that was never completed belongs to nobody.
	tempMaxAge = time.Hour
	// touchInterval is how often the use of an entry is written down.
	touchInterval = time.Minute
)

// NewDir opens a directory of at most about maxBytes, and makes it with
// mode 0700 if it does not exist. 0 is 256 MiB; negative is no limit. It returns
// the errors of package os.
func NewDir(path string, maxBytes int64) (*Dir, error) {
	if maxBytes == 0 {
		maxBytes = 256 << 20
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	d := &Dir{path: path, limit: maxBytes, copies: runtime.GOOS == "windows"}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d, d.removeOldest()
}

// StoreStats is what a [Cache] tells of it, as far as this process knows.
func (d *Dir) StoreStats() StoreStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return StoreStats{Evicted: d.evicted, Bytes: d.size}
}

func (d *Dir) filePath(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(d.path, hex.EncodeToString(sum[:])+fileSuffix)
}

// Open opens an entry's file. One that is damaged is removed, and counts as
// missing. On Windows the body is read into memory.
func (d *Dir) Open(key string) (*Entry, error) {
	name := d.filePath(key)
	if d.copies {
		d.mu.Lock()
		defer d.mu.Unlock()
	}
	f, err := openFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // Store has it so
	} else if err != nil {
		return nil, err
	}
	entry, err := d.readEntry(f)
	if err == nil && d.copies {
		err = entry.readIntoMemory()
	}
	if err != nil {
		return nil, oneline.Join(err, removeDamaged(f))
	}
	return entry, nil
}

// readEntry reads the head of a file, and notes that it is used.
func (d *Dir) readEntry(f *os.File) (*Entry, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errDamaged
	}
	head, err := readVerifiedHead(f, info.Size(), f.Name())
	if err != nil {
		return nil, err
	}
	body := newFileBody(f, head)
	if err := body.readBlock(); err != nil && err != io.EOF { // what begins wrong is a miss
		return nil, err
	}
	if now := time.Now(); now.Sub(info.ModTime()) > touchInterval {
		err = os.Chtimes(f.Name(), now, now)
		// Where nothing may be written, entries are still good to read.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
	}
	return &Entry{Meta: head.meta, Body: body, Size: head.body}, nil
}

// Create begins a file beside the one that it replaces.
func (d *Dir) Create(key string, meta *Meta) (Writer, error) {
	f, err := os.CreateTemp(d.path, "*"+tempSuffix)
	if err != nil {
		return nil, err
	}
	w := &fileWriter{dir: d, f: f, name: d.filePath(key)}
	if err := w.writeHead(meta); err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}

// Update writes the file anew with another head.
func (d *Dir) Update(key string, meta *Meta) error {
	old, err := d.Open(key)
	if old == nil {
		return err
	}
	defer old.Body.Close()
	if old.Meta.ID != meta.ID {
		return nil
	}
	w, err := d.Create(key, meta)
	if err != nil {
		return err
	}
	defer w.Abort()
	if fw, ok := w.(*fileWriter); ok {
		fw.replaces = meta.ID
	}
	if _, err := copyBody(w, old); err != nil {
		return err
	}
	old.Body.Close() // some systems do not replace an open file
	return w.Commit()
}

// Delete removes the file.
func (d *Dir) Delete(key string) error {
	name := d.filePath(key)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return d.removeFile(name, info.Size())
}

func (d *Dir) removeFile(name string, size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.size -= size
	if err := os.Remove(name); err != nil &&
		!errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeOldest counts the files, and removes the oldest ones if they are too many, down
// to nine tenths of the limit. It is called under the lock.
func (d *Dir) removeOldest() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	d.size = 0
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue // another process removed it
		}
		switch {
		case !info.Mode().IsRegular():
		case strings.HasSuffix(info.Name(), fileSuffix):
			files = append(files, info)
			d.size += info.Size()
		case strings.HasSuffix(info.Name(), tempSuffix) && time.Since(info.ModTime()) > tempMaxAge:
			err := os.Remove(filepath.Join(d.path, info.Name()))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if d.limit < 0 || d.size <= d.limit {
		return nil
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range files {
		if d.size <= d.limit/10*9 {
			break
		}
		err := os.Remove(filepath.Join(d.path, info.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		d.size -= info.Size()
		d.evicted++
	}
	return nil
}

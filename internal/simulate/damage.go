package simulate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// damage changes files of a cache below dir: all of them, for their names are never the
// same. Nth says which part of them is hit, or whether a head that comes from elsewhere
// gets the ID of the one in whose place it is put, with which the body's sums agree, or
// brings its own body.
func (op *Op) damage(dir string) {
	switch op.Fault {
	case Swap:
		files := readCacheFiles(dir)
		for i, f := range files {
			other := files[(i+1+op.Offset)%len(files)]
			if op.Nth == 2 {
				f.size, f.body = other.size, other.body
			}
			f.replaceHead(other.head, op.Nth == 1)
		}
	case Older:
		old := map[string][]byte{}
		for _, f := range readCacheFiles(dir) {
			old[f.name] = f.head
		}
		time.Sleep(op.For)
		for _, f := range readCacheFiles(dir) {
			if head := old[f.name]; head != nil {
				f.replaceHead(head, op.Nth == 1)
			}
		}
	case Edit:
		for _, f := range readCacheFiles(dir) {
			f.edit(op.Offset)
		}
	default:
		names, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
		for _, name := range names {
			op.damageBytes(name)
		}
	}
}

// damageBytes changes a bit of a file, or cuts it, at any byte.
func (op *Op) damageBytes(name string) {
	info, err := os.Stat(name)
	if err != nil || op.Nth > 0 && info.Size() < 10_000 {
		return // it is gone, or has no body
	}
	at := info.Size() * int64(op.Offset) / 1000
	if op.Fault == Cut {
		os.Truncate(name, at)
		return
	}
	if op.Nth == 2 {
		at = int64(op.Offset) // bytes: mostly of the head
	}
	if f, err := os.OpenFile(name, os.O_RDWR, 0); err == nil {
		b := make([]byte, 1)
		f.ReadAt(b, at)
		f.WriteAt([]byte{b[0] ^ 0x20}, at)
		f.Close()
	}
}

// cacheFile is a file of a cache, as package cache describes it.
type cacheFile struct {
	name string
	size int    // of the body, without its sums
	head []byte // JSON, and the sum
	body []byte // with its sums
}

const (
	cacheLine = "aiolos-cache/2 %010d %019d\n"
	cacheSum  = 16
)

// readCacheFiles reads the files whose lengths can be read.
func readCacheFiles(dir string) (files []cacheFile) {
	names, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		var head, body int
		_, err = fmt.Sscanf(string(line)+"\n", cacheLine, &head, &body)
		if head += cacheSum; err == nil && head > cacheSum && head <= len(rest) {
			files = append(files, cacheFile{name, body, rest[:head], rest[head:]})
		}
	}
	return files
}

// replaceHead puts another head before the body: in a new file, so that who reads the
// body goes on.
func (f cacheFile) replaceHead(head []byte, keepID bool) {
	if keepID {
		head = bytes.Replace(head, entryID(head), entryID(f.head), 1)
	}
	data := fmt.Appendf(nil, cacheLine, len(head)-cacheSum, f.size)
	data = append(append(data, head...), f.body...)
	if os.WriteFile(f.name+".new", data, 0o600) == nil {
		os.Rename(f.name+".new", f.name)
	}
}

// entryID is the ID in a head, with its name.
func entryID(head []byte) []byte {
	_, id, _ := bytes.Cut(head, []byte(`"id":"`))
	id, _, _ = bytes.Cut(id, []byte(`"`))
	return append([]byte(`"id":"`), id...)
}

// edit makes of a letter or digit of the head another one, in its place: the first that
// comes, from some place on.
func (f cacheFile) edit(thousandth int) {
	text := f.head[:len(f.head)-cacheSum]
	for n := range text {
		i := (n + len(text)*thousandth/1000) % len(text)
		var other byte
		switch c := text[i]; {
		case c == '9', c == 'z', c == 'Z':
			other = c - 1
		case '0' <= c && c < '9', 'a' <= c && c < 'z', 'A' <= c && c < 'Z':
			other = c + 1
		default:
			continue
		}
		if file, err := os.OpenFile(f.name, os.O_WRONLY, 0); err == nil {
			file.WriteAt([]byte{other}, int64(len(fmt.Sprintf(cacheLine, 0, 0))+i))
			file.Close()
		}
		return
	}
}

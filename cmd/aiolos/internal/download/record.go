package download

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"
)

// recordName is the file that says what calls for several URLs have completed in a
// directory. A line is added when a file is complete; a call that comes to its end
// without a failure takes its lines away, and the file with the last one. So it is there
// only after an interrupt, a failure or a kill, and then the same command does not
// fetch again what it names.
//
//	call begins    read
//	file complete  + {"url":SHA-256,"file":NAME,"size":N,"time":...}
//	interrupt      stays
//	all complete   - lines of this call
const recordName = ".aiolos-get.json"

// maxRecord bounds what is read of a file that claims to be a record.
const maxRecord = 64 << 20

// recordLine is one file. The URL is hashed, for it may have a password or a signature.
// Size and time tell whether the file is still the same.
type recordLine struct {
	URL  string    `json:"url"`
	Want string    `json:"want,omitempty"` // the name that was asked for, if one was
	File string    `json:"file"`
	Size int64     `json:"size"`
	Time time.Time `json:"time"`
}

// record is what was completed in a directory. Two calls at a time in one directory may
// lose lines of each other, which costs a download and no file. It is safe for
// concurrent use.
type record struct {
	root *os.Root

	mu    sync.Mutex
	lines map[string]recordLine // of earlier calls, by hashed URL
	mine  map[string]bool       // those of this call
}

// openRecord reads the record of a directory. A line that makes no sense, as the last one
// after a crash, is none.
func openRecord(root *os.Root) (*record, error) {
	r := &record{root: root, lines: map[string]recordLine{}, mine: map[string]bool{}}
	data, err := r.readFile()
	if err != nil {
		return nil, err
	}
	in := bufio.NewScanner(bytes.NewReader(data))
	for in.Scan() {
		var l recordLine
		if json.Unmarshal(in.Bytes(), &l) == nil && l.URL != "" && l.File != "" {
			r.lines[l.URL] = l
		}
	}
	return r, nil
}

// readFile reads the record; there may be none.
func (r *record) readFile() ([]byte, error) {
	info, err := r.root.Lstat(recordName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxRecord:
		return nil, &fs.PathError{Op: "read", Path: recordName, Err: errors.New("is no record of downloads")}
	}
	data, err := r.root.ReadFile(recordName)
	return data, ignoreMissing(err)
}

// find returns the name of the complete file of a URL that was to be called want, if it
// is as it was.
func (r *record) find(url, want string) (name string, size int64, ok bool) {
	key := hashURL(url)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mine[key] = true
	l, ok := r.lines[key]
	if !ok || l.Want != want {
		return "", 0, false
	}
	info, err := r.root.Lstat(l.File)
	if err != nil || !info.Mode().IsRegular() || info.Size() != l.Size || !info.ModTime().Equal(l.Time) {
		return "", 0, false
	}
	return l.File, l.Size, true
}

// add notes that the file of a URL is complete.
func (r *record) add(url, want, name string) error {
	info, err := r.root.Lstat(name)
	if err != nil {
		return err
	}
	l := recordLine{URL: hashURL(url), Want: want, File: name, Size: info.Size(), Time: info.ModTime()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mine[l.URL] = true
	f, err := r.root.OpenFile(recordName, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(writeLine(f, l), f.Close())
}

// writeLine writes a line of the record at once, so that two calls do not mix theirs.
// One that was cut by a crash is ended first.
func writeLine(f *os.File, l recordLine) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = f.Write(append(append([]byte("\n"), data...), '\n'))
	return err
}

// finish takes the lines of this call away.
func (r *record) finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	data, err := r.readFile()
	if err != nil || data == nil {
		return err
	}
	var rest []byte
	for line := range bytes.Lines(data) {
		var l recordLine
		if json.Unmarshal(line, &l) == nil && !r.mine[l.URL] {
			rest = append(rest, line...)
		}
	}
	if len(rest) == 0 {
		return ignoreMissing(r.root.Remove(recordName))
	}
	temp := recordName + "." + rand.Text()[:8] + ".tmp"
	if err := r.root.WriteFile(temp, rest, 0o600); err != nil {
		return errors.Join(err, ignoreMissing(r.root.Remove(temp)))
	}
	return r.root.Rename(temp, recordName)
}

// ignoreMissing is for a file that another call may have taken away meanwhile.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// hashURL stands for a URL in the record.
func hashURL(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:])
}

package netrc

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// maxSize is what a file may have, in bytes.
const maxSize = 1 << 20

// recent is how long the last look at a file counts. It is less than what the
// time of modification can tell apart on many systems, and a client that sends
// thousands of requests in a second does not ask the system before each.
const recent = 10 * time.Millisecond

// Cache keeps the file that was loaded last, until another one is asked for or it
// changes: its identity, time of modification or size, which is seen after 10 ms.
// The zero value is empty. It is safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	path   string
	looked time.Time   // zero: it counts for nothing
	info   fs.FileInfo // nil if nothing is kept
	file   *File
	err    error
}

// Load reads the file that getenv names, which for nil is [os.Getenv]: $NETRC,
// else .netrc in $HOME, or _netrc in %USERPROFILE% on Windows. If there is none,
// or it is the null device, the File is nil, and no error.
//
// The error is an [*Error]: for a file that cannot be read, is not a regular one,
// is larger than 1 MiB, or makes no sense; and, as in Python, for one in the home
// directory that others can read or write although it has passwords. It is kept
// like a file, unless it is the system's.
func (c *Cache) Load(getenv func(string) string) (*File, error) {
	if getenv == nil {
		getenv = os.Getenv
	}
	path, home := findPath(getenv)
	if path == "" || path == os.DevNull {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.path == path && !c.looked.IsZero() && now.Sub(c.looked) < recent {
		return c.file, c.err
	}
	c.looked = now
	if path != c.path {
		c.path, c.info = path, nil
	}
	c.refresh(home)
	if e := (*Error)(nil); errors.As(c.err, &e) && e.Err != nil {
		c.info, c.looked = nil, time.Time{} // it may be well again although the file is the same
	}
	return c.file, c.err
}

// refresh reads the file if it is another one than before.
func (c *Cache) refresh(home bool) {
	info, err := os.Stat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		c.info, c.file, c.err = nil, nil, nil
	case err != nil:
		c.file, c.err = nil, &Error{Path: c.path, Reason: "cannot be read", Err: withoutPath(err)}
	case c.info == nil || !sameFile(c.info, info):
		c.file, c.err = readFile(c.path, home, info)
		c.info = info
	}
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// findPath returns the path, or "" for none, and whether it is the usual one.
func findPath(getenv func(string) string) (path string, home bool) {
	if path = getenv("NETRC"); path != "" {
		return path, false
	}
	variable, name := "HOME", ".netrc"
	if runtime.GOOS == "windows" {
		variable, name = "USERPROFILE", "_netrc"
	}
	if path = getenv(variable); path == "" {
		return "", false
	}
	return path + string(filepath.Separator) + name, true
}

func readFile(path string, home bool, info fs.FileInfo) (*File, error) {
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, &Error{Path: path, Reason: "is not a regular file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Reason: "cannot be read", Err: withoutPath(err)}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, &Error{Path: path, Reason: "cannot be read", Err: withoutPath(err)}
	}
	if len(text) > maxSize {
		return nil, &Error{Path: path, Reason: "is larger than 1 MiB"}
	}
	file, err := Parse(string(text))
	if err != nil {
		if e := (*Error)(nil); errors.As(err, &e) {
			e.Path = path
		}
		return nil, err
	}
	if home && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && file.hasSecret() {
		return nil, &Error{Path: path, Reason: "has passwords that others can read or write; chmod 600 helps", exposed: file}
	}
	return file, nil
}

// withoutPath takes the path off a system's error: the error has it already.
func withoutPath(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

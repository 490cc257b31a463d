package download

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Conflict says what happens when a file with the chosen name exists.
type Conflict string

// The values of --conflict.
const (
	Rename    Conflict = "rename"    // choose name-1, name-2, ...
	Skip      Conflict = "skip"      // leave the file, do not download
	Overwrite Conflict = "overwrite" // replace the file
)

// Set implements pflag.Value.
func (c *Conflict) Set(s string) error {
	switch Conflict(s) {
	case Rename, Skip, Overwrite:
		*c = Conflict(s)
		return nil
	}
	return errors.New("use rename, skip or overwrite")
}

// String implements pflag.Value.
func (c *Conflict) String() string { return string(*c) }

// Type implements pflag.Value.
func (c *Conflict) Type() string { return "what" }

// maxNumber bounds the search for a free name.
const maxNumber = 9999

// errExists is the outcome of a name that is taken under [Skip].
var errExists = errors.New("the file exists")

// Dir is the directory that files go to. It hands each name out once, so that
// concurrent downloads do not meet in one file. It is safe for concurrent use.
type Dir struct {
	path string
	root *os.Root

	mu      sync.Mutex
	claimed map[string]bool     // by lower-case name: file systems may fold case
	parts   map[string][]string // unfinished files by URL
}

// OpenDir opens a directory, makes it if needed, and looks for unfinished
// files.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o777); err != nil { //nolint:gosec // the umask decides, as for mkdir
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{path: path, root: root, claimed: map[string]bool{}, parts: map[string][]string{}}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), metaSuffix)
		if !ok || name == "" || !e.Type().IsRegular() {
			continue
		}
		if m, err := readMeta(root, e.Name()); err == nil {
			d.parts[m.URL] = append(d.parts[m.URL], name)
		}
	}
	return d, nil
}

// Close gives the directory back.
func (d *Dir) Close() error { return d.root.Close() }

// Path returns the path of a file in the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// exists reports whether there is something under a name.
func (d *Dir) exists(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

// claim marks a name as taken and reports whether it was free.
func (d *Dir) claim(name string) bool {
	low := strings.ToLower(name)
	if d.claimed[low] {
		return false
	}
	d.claimed[low] = true
	return true
}

// take finds the unfinished file of a URL and claims its name. If only is not
// empty, no other name will do.
func (d *Dir) take(url, only string) (name string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range d.parts[url] {
		if (only == "" || name == only) && d.claim(name) {
			return name, true
		}
	}
	return "", false
}

// reserve claims a name for a new download: the wanted one, or under [Rename]
// the first with a number that is free.
func (d *Dir) reserve(want string, c Conflict) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := range maxNumber {
		name := numbered(want, n)
		taken := d.exists(name)
		switch {
		case taken && c == Skip:
			return "", errExists
		case c != Overwrite && (taken || d.unfinished(name)):
			continue
		}
		if d.claim(name) {
			return name, nil
		}
	}
	return "", errors.New("no free name for " + want)
}

// unfinished reports whether a name has an unfinished file, which then is one
// of another URL, or of another program.
func (d *Dir) unfinished(name string) bool {
	return d.exists(name+partSuffix) || d.exists(name+metaSuffix)
}

// publish gives a finished file its name, in one step. Except under [Overwrite]
// it never replaces a file that somebody else has put there meanwhile.
func (d *Dir) publish(name string, c Conflict) (string, error) {
	part := name + partSuffix
	if c == Overwrite {
		return name, d.root.Rename(part, name)
	}
	for n := range maxNumber {
		final := numbered(name, n)
		err := d.root.Link(part, final)
		switch {
		case err == nil:
			return final, d.root.Remove(part)
		case errors.Is(err, fs.ErrExist):
			continue
		case !d.exists(final):
			// The file system has no links.
			return final, d.root.Rename(part, final)
		}
	}
	return "", errors.New("no free name for " + name)
}

// flush puts the directory's entries on the disk, as far as the system can.
func (d *Dir) flush() {
	f, err := d.root.Open(".")
	if err != nil {
		return
	}
	// Some systems cannot flush directories; the data itself is flushed.
	_ = f.Sync()
	_ = f.Close()
}

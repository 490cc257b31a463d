package download

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
)

// Conflict says what happens when a file with the chosen name exists.
type Conflict string

// The values of --conflict.
const (
	Rename    Conflict = "rename"    // choose name-1, name-2, ...
	Skip      Conflict = "skip"      // leave the file, do not download
	Overwrite Conflict = "overwrite" // replace the file
	// Continue goes on with an unfinished file of that name, whatever URL it was begun
	// with, and leaves a complete one that has the length and the date, or the bytes, of
	// the URL's; otherwise it is Rename.
	Continue Conflict = "continue"
)

// Set implements pflag.Value.
func (c *Conflict) Set(s string) error { return choice.Set(c, s, Rename, Skip, Overwrite, Continue) }

// String implements pflag.Value.
func (c *Conflict) String() string { return string(*c) }

// Type implements pflag.Value.
func (c *Conflict) Type() string { return "what" }

// ifExists is the library's word for it.
func (c Conflict) ifExists() session.IfExists {
	switch c {
	case Skip:
		return session.ExistsRefuse
	case Overwrite:
		return session.ExistsReplace
	case Rename, Continue:
	}
	return session.ExistsNumber
}

// Dir is the directory that files go to. It hands each name out once, so that
// concurrent downloads do not meet in one file. It is safe for concurrent use.
type Dir struct {
	path   string
	root   *os.Root
	record *record // nil: none is kept

	mu      sync.Mutex
	claimed map[string]bool // by lower-case name: file systems may fold case
}

// OpenDir opens a directory, and makes it if needed.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o777); err != nil { //nolint:gosec // the umask decides, as for mkdir
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Dir{path: path, root: root, claimed: map[string]bool{}}, nil
}

// KeepRecord has an interrupted call leave a record of what it has completed, and takes
// that of an earlier one into account.
func (d *Dir) KeepRecord() (err error) {
	d.record, err = openRecord(d.root)
	return err
}

// DropRecord says that this call has come to its end: no other one has to go on with it.
func (d *Dir) DropRecord() error {
	if d.record == nil {
		return nil
	}
	return d.record.finish()
}

// Close gives the directory back.
func (d *Dir) Close() error { return d.root.Close() }

// Path returns the path of a file in the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// hasFile reports whether there is something under a name.
func (d *Dir) hasFile(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

// claimName marks a name as taken and reports whether it was free.
func (d *Dir) claimName(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	low := strings.ToLower(name)
	if d.claimed[low] {
		return false
	}
	d.claimed[low] = true
	return true
}

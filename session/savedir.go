package session

import (
	stderrors "errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// maxNumbered bounds the search for a free name.
const maxNumbered = 9999

// saveDir is the directory of a file. It is opened as a root, so that neither
// names nor symbolic links lead out of it.
type saveDir struct {
	at   string
	root *os.Root
}

// openSaveDir opens the directory of a path. name is empty if the path is the
// directory itself.
func openSaveDir(path string) (dir saveDir, name string, err error) {
	dir.at = path
	if path == "" {
		dir.at = "."
	}
	info, err := os.Stat(dir.at)
	isDir := err == nil && info.IsDir()
	if !isDir && !os.IsPathSeparator(dir.at[len(dir.at)-1]) {
		dir.at, name = filepath.Split(path)
		if dir.at == "" {
			dir.at = "."
		}
	}
	if name != "" && !filepath.IsLocal(name) {
		return dir, "", &errors.InvalidRequestError{Field: "Save", Reason: "not the name of a file"}
	}
	dir.root, err = os.OpenRoot(dir.at)
	return dir, name, err
}

func (d saveDir) path(name string) string { return filepath.Join(d.at, name) }

func (d saveDir) exists(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

func errExists(path string) error {
	return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
}

// described are the names whose unfinished files have a description, in order.
func (d saveDir) described() []string {
	f, err := d.root.Open(".")
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(-1) // what can be had
	var names []string
	for _, entry := range all {
		if name, ok := strings.CutSuffix(entry, metaSuffix); ok && SafeFileName(name) == name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reserve makes a part for the first name, with a number if need be, that is to be
// had.
func (sv *saver) reserve(want string) error {
	d := sv.dir
	clears := sv.strict || sv.cfg.IfExists == ExistsReplace // an unfinished file of something else goes
	for n := range maxNumbered {
		name := numberedName(want, n)
		taken := d.exists(name)
		switch {
		case taken && sv.cfg.IfExists == ExistsRefuse, n > 0 && sv.strict:
			return errExists(d.path(name))
		case sv.cfg.IfExists != ExistsReplace && taken, !clears && (d.exists(name+partSuffix) || d.exists(name+metaSuffix)):
			continue
		case !sv.claim(name):
			continue
		}
		var err error
		if clears {
			sv.part, err = sv.create(name)
		} else {
			sv.part, err = sv.createNew(name)
		}
		if err == nil || !stderrors.Is(err, fs.ErrExist) {
			sv.name = name
			return err
		}
	}
	return errExists(d.path(want))
}

// numberedName is the n-th name to try in the place of one that is taken.
func numberedName(name string, n int) string {
	if n == 0 {
		return name
	}
	stem, ext := splitExt(name)
	return fmt.Sprintf("%s-%d%s", stem, n, ext)
}

// isNumbered reports whether name is that of wanted with a number.
func isNumbered(name, wanted string) bool {
	stem, ext := splitExt(wanted)
	name, found := strings.CutPrefix(name, stem+"-")
	number, ends := strings.CutSuffix(name, ext)
	_, ok := digits(number)
	return found && ends && ok
}

// publish gives a finished part its name, in one step. It replaces a file only if
// that was asked for.
func (sv *saver) publish() (string, error) {
	d := sv.dir
	if sv.cfg.IfExists == ExistsReplace {
		if err := d.root.Rename(sv.name+partSuffix, sv.name); err != nil {
			return "", err
		}
		return sv.name, d.published(sv.name)
	}
	// As long as the file has both names, nobody may go on with it under one.
	if err := d.hideMeta(sv.name); err != nil {
		return "", err
	}
	err := errExists(d.path(sv.name))
	for n := range maxNumbered {
		final := numberedName(sv.name, n)
		if err = d.link(sv.name+partSuffix, final); err == nil {
			return final, d.published(sv.name)
		}
		if sv.strict || !stderrors.Is(err, fs.ErrExist) {
			break
		}
	}
	return "", oneline.Join(err, d.showMeta(sv.name))
}

// link moves a file to a name that must be free.
func (d saveDir) link(from, to string) error {
	err := d.root.Link(from, to)
	if err == nil {
		return d.root.Remove(from)
	}
	if stderrors.Is(err, fs.ErrExist) || d.exists(to) {
		return errExists(d.path(to))
	}
	return d.root.Rename(from, to) // the file system has no links
}

// hideMeta puts a description aside, so that nobody goes on with the part. The
// way back needs no room on the disk.
func (d saveDir) hideMeta(name string) error {
	err := d.root.Rename(name+metaSuffix, name+tempSuffix)
	if stderrors.Is(err, fs.ErrNotExist) {
		return d.remove(name + tempSuffix) // of an earlier call
	}
	return err
}

// showMeta undoes hideMeta.
func (d saveDir) showMeta(name string) error {
	err := d.root.Rename(name+tempSuffix, name+metaSuffix)
	if stderrors.Is(err, fs.ErrNotExist) {
		return nil // there was none
	}
	return err
}

// published removes the description and puts the directory on the disk, as far
// as the system can do that.
func (d saveDir) published(name string) error {
	err := oneline.Join(d.remove(name+metaSuffix), d.remove(name+tempSuffix))
	if f, openErr := d.root.Open("."); openErr == nil {
		stderrors.Join(f.Sync(), f.Close()) //nolint:errcheck // not every system can
	}
	return err
}

// discard removes an unfinished file and its description.
func (d saveDir) discard(name string) error {
	return oneline.Join(d.remove(name+metaSuffix), d.remove(name+tempSuffix), d.remove(name+partSuffix))
}

func (d saveDir) remove(name string) error {
	if err := d.root.Remove(name); err != nil && !stderrors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package resume

// The files of a save, and who makes and moves them. x is the name of the file.
//
//	              reserveName, replacePart          renamePart
//	   nothing ---------------------------> x.part ------------> x
//	                                          ^
//	              writeDescription            | says of which version the bytes are
//	   x.part.json.new ---------------> x.part.json <--- --> x.part.json.tmp
//	                                               showDescription, hideDescription
//
//	state                x.part        x.part.json  .json.tmp  the next call for x
//	begun                empty         -            -          begins anew
//	under way            bytes         yes          -          goes on at the end of x.part
//	... no validator     bytes         -            -          begins anew
//	parts are fetched    bytes, gaps   yes: have    yes        goes on with what it had before
//	... cut              bytes, gaps   yes: have    -          asks for the gaps
//	... full disk        to 1st gap    yes          -          goes on at the end of x.part
//	linked               the same as x -            yes        begins anew: x is whole
//	renamed (Replace)    -             yes          -          begins anew: x is whole
//	published            -             -            -          finds x: see IfExists
//
// Four rules hold at every moment, so that a process may be killed in any:
//   - a description never stands beside bytes of another version: the old bytes go
//     before it comes (startPart), and it names only bytes that are on the disk
//     (noteHave, cutAtGap);
//   - x comes by one rename or link, and only when x.part is whole, verified and on the
//     disk (verifyPart);
//   - who writes x.part has it locked (lock.go), from when it is opened until it is x;
//   - nothing is named but by the os.Root of the directory: no link leads out of it.

import (
	"cmp"
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

// directory is the directory of a file. It is opened as a root, so that neither
// names nor symbolic links lead out of it.
type directory struct {
	at   string // its path, as the caller has given it
	root *os.Root
}

// openDirectory opens the directory of a path. name is empty if the path is the
// directory itself.
func openDirectory(path string) (dir directory, name string, err error) {
	dir.at = cmp.Or(path, ".")
	info, err := os.Stat(dir.at)
	isDir := err == nil && info.IsDir()
	if !isDir && !os.IsPathSeparator(dir.at[len(dir.at)-1]) {
		dir.at, name = filepath.Split(path)
		dir.at = cmp.Or(dir.at, ".")
	}
	if name != "" && !filepath.IsLocal(name) {
		return dir, "", &errors.InvalidRequestError{Field: "Save", Reason: "not the name of a file"}
	}
	dir.root, err = os.OpenRoot(dir.at)
	return dir, name, err
}

func (d directory) path(name string) string { return filepath.Join(d.at, name) }

func (d directory) exists(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

// ErrNotRegular is the cause of the error of a save whose name something other than a file has.
var ErrNotRegular = stderrors.New("not a regular file")

func existsError(path string) error { return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist} }

// listUnfinished returns the names whose unfinished files have a description, in order.
func (d directory) listUnfinished() []string {
	f, err := d.root.Open(".")
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(-1) // what can be had
	var names []string
	for _, entry := range all {
		if name, ok := strings.CutSuffix(entry, descriptionSuffix); ok && SafeFileName(name) == name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reserveName makes a part for the first name, with a number if need be, that is to be
// had.
func (sv *Saver) reserveName(want string) error {
	d := sv.dir
	replaces := sv.strict || sv.cfg.IfExists == Replace // an unfinished file of something else goes
	for n := range maxNumbered {
		name := numberedName(want, n)
		if err := sv.checkReplaceable(name); err != nil {
			return err
		}
		taken := d.exists(name)
		switch {
		case taken && sv.cfg.IfExists == Refuse, n > 0 && sv.strict:
			return existsError(d.path(name))
		case sv.cfg.IfExists != Replace && taken, !replaces && (d.exists(name+partSuffix) || d.exists(name+descriptionSuffix)):
			continue
		case !sv.claimName(name):
			continue
		}
		var err error
		if replaces {
			sv.part, err = sv.replacePart(name)
		} else {
			sv.part, err = sv.createNewPart(name)
		}
		if err == nil || !stderrors.Is(err, fs.ErrExist) {
			sv.name = name
			return err
		}
	}
	return existsError(d.path(want))
}

// checkReplaceable refuses to put a file in the place of a directory, a device or a
// pipe: a program that runs as root would take /dev/null away from all others. A
// symbolic link is replaced itself.
func (sv *Saver) checkReplaceable(name string) error {
	info, err := sv.dir.root.Lstat(name)
	if sv.cfg.IfExists != Replace || err != nil || info.Mode().IsRegular() || info.Mode().Type() == fs.ModeSymlink {
		return nil //nolint:nilerr // what is not there is in nobody's way
	}
	return &fs.PathError{Op: "save", Path: sv.dir.path(name), Err: ErrNotRegular}
}

// numberedName is the n-th name to try in the place of one that is taken.
func numberedName(name string, n int) string {
	if n == 0 {
		return name
	}
	stem, ext := splitExtension(name)
	return fmt.Sprintf("%s-%d%s", stem, n, ext)
}

// isNumbered reports whether name is that of wanted with a number.
func isNumbered(name, wanted string) bool {
	stem, ext := splitExtension(wanted)
	name, found := strings.CutPrefix(name, stem+"-")
	number, ends := strings.CutSuffix(name, ext)
	_, ok := parseDigits(number)
	return found && ends && ok
}

// renamePart gives a finished part its name, in one step. It replaces a file only if
// that was asked for.
func (sv *Saver) renamePart() (string, error) {
	d := sv.dir
	if sv.lock != nil && !sv.isCurrentPart(sv.name, sv.lock) {
		return "", ErrBusy // somebody has taken the part away, and put another there
	}
	if err := sv.checkReplaceable(sv.name); err != nil {
		return "", err
	}
	if sv.cfg.IfExists == Replace {
		if err := d.root.Rename(sv.name+partSuffix, sv.name); err != nil {
			return "", err
		}
		return sv.name, d.syncPublished(sv.name)
	}
	// As long as the file has both names, nobody may go on with it under one.
	if err := d.hideDescription(sv.name); err != nil {
		return "", err
	}
	err := existsError(d.path(sv.name))
	for n := range maxNumbered {
		final := numberedName(sv.name, n)
		if err = d.moveToFree(sv.name+partSuffix, final); err == nil {
			return final, d.syncPublished(sv.name)
		}
		if sv.strict || !stderrors.Is(err, fs.ErrExist) {
			break
		}
	}
	return "", oneline.Join(err, d.showDescription(sv.name))
}

// moveToFree moves a file to a name that must be free.
func (d directory) moveToFree(from, to string) error {
	err := d.root.Link(from, to)
	if err == nil {
		return d.root.Remove(from)
	}
	if stderrors.Is(err, fs.ErrExist) || d.exists(to) {
		return existsError(d.path(to))
	}
	return d.root.Rename(from, to) // the file system has no links
}

// hideDescription puts a description aside, so that nobody goes on with the part. The
// way back needs no room on the disk.
func (d directory) hideDescription(name string) error {
	err := d.root.Rename(name+descriptionSuffix, name+tempSuffix)
	if stderrors.Is(err, fs.ErrNotExist) {
		return d.removeFile(name + tempSuffix) // of an earlier call
	}
	return err
}

// showDescription undoes hideDescription.
func (d directory) showDescription(name string) error {
	err := d.root.Rename(name+tempSuffix, name+descriptionSuffix)
	if stderrors.Is(err, fs.ErrNotExist) {
		return nil // there was none
	}
	return err
}

// syncPublished removes the description and puts the directory on the disk, as far
// as the system can do that.
func (d directory) syncPublished(name string) error {
	err := d.removeDescription(name)
	if f, openErr := d.root.Open("."); openErr == nil {
		stderrors.Join(f.Sync(), f.Close()) //nolint:errcheck // not every system can
	}
	return err
}

// removePart removes an unfinished file and its description.
func (d directory) removePart(name string) error {
	return oneline.Join(d.removeDescription(name), d.removeFile(name+partSuffix))
}

// removeDescription removes the description, wherever it is.
func (d directory) removeDescription(name string) error {
	return oneline.Join(d.removeFile(name+descriptionSuffix), d.removeFile(name+tempSuffix), d.removeFile(name+newSuffix))
}

func (d directory) removeFile(name string) error {
	if err := d.root.Remove(name); err != nil && !stderrors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/xdg"
)

// suffix is the end of the name of a session's file.
const suffix = ".json"

// maxName bounds the name of a session.
const maxName = 100

// Store is the directory of the sessions.
type Store struct{ path string }

// Open returns the store of the user, whose directory need not exist:
// $XDG_STATE_HOME/aiolos/sessions, or what is usual for the system if that is not
// set.
func Open(getenv func(string) string) (*Store, error) {
	base, err := xdg.Dir(xdg.State, getenv)
	if err != nil {
		return nil, fmt.Errorf("no place for sessions: %w", err)
	}
	return &Store{path: filepath.Join(base, "aiolos", "sessions")}, nil
}

// CheckName refuses names that are no single, visible element of a path.
func CheckName(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if name == "" || len(name) > maxName || name[0] == '.' || strings.Trim(name, letters) != "" {
		return fmt.Errorf("%q is not a name for a session: letters, digits, - _ and . only", name)
	}
	return nil
}

// Path is the file of a session.
func (s *Store) Path(name string) string { return filepath.Join(s.path, name+suffix) }

// Info is a session in a list.
type Info struct {
	Name     string
	Modified time.Time
}

// List returns the sessions, sorted by name.
func (s *Store) List() ([]Info, error) {
	entries, err := os.ReadDir(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Info
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || CheckName(name) != nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Info{Name: name, Modified: info.ModTime()})
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Remove removes a session. It is an error if there is none.
func (s *Store) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := os.Remove(s.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return &MissingError{Name: name}
	}
	return err
}

// MissingError is a session that does not exist.
type MissingError struct{ Name string }

// Error implements error.
func (e *MissingError) Error() string { return fmt.Sprintf("there is no session %q", e.Name) }

// Is makes it one of the errors for files that do not exist.
func (e *MissingError) Is(target error) bool { return target == fs.ErrNotExist }

// Load reads a session. One that does not exist is a [MissingError].
func (s *Store) Load(name string) (*Session, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(s.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{Name: name}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sess, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("session %q: %w", name, err)
	}
	return sess, nil
}

// LoadOrNew reads a session; one that does not exist is empty.
func (s *Store) LoadOrNew(name string) (*Session, error) {
	sess, err := s.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	return sess, err
}

// Save writes a session: for its owner alone, and in one step.
func (s *Store) Save(name string, sess *Session) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := os.MkdirAll(s.path, 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(s.Path(name), 0o600, func(f *os.File) error { return errors.Join(sess.Write(f), f.Sync()) })
}

// Temp writes a session to a new file beside its own, for an editor, and returns the path.
func (s *Store) Temp(name string, sess *Session) (path string, err error) {
	if err := os.MkdirAll(s.path, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(s.path, "."+name+".*.tmp") // mode 0600
	if err != nil {
		return "", err
	}
	if err = errors.Join(sess.Write(f), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

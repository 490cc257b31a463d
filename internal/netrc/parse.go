package netrc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// File is a file's content. It does not change, so it is safe for concurrent
// use. A nil File has no entries.
type File struct {
	// The entries are pointers so that no format of fmt prints them.
	machines map[string][]*entry // by name in lower case; none is empty
	fallback []*entry            // of default
}

type entry struct{ login, account, password string }

// Parse reads a file's content. The error is an [*Error] without a path.
func Parse(text string) (*File, error) {
	p := parser{lexer: lexer{rest: strings.TrimPrefix(text, "\ufeff"), line: 1}}
	p.file.machines = map[string][]*entry{}
	if err := p.parseAll(); err != nil {
		return nil, err
	}
	return &p.file, nil
}

type parser struct {
	lexer   lexer
	file    File
	current *entry // that the next values belong to, or nil
}

func (p *parser) parseAll() error {
	for {
		p.lexer.skipComments()
		w, err := p.lexer.nextWord()
		if err != nil {
			return err
		}
		if w == (word{}) {
			return nil
		}
		if err := p.parseKeyword(w); err != nil {
			return err
		}
	}
}

// parseKeyword takes a known word and its value.
func (p *parser) parseKeyword(w word) error {
	keyword := strings.ToLower(w.text)
	switch keyword {
	case "default":
		p.current = &entry{}
		p.file.fallback = append(p.file.fallback, p.current)
		return nil
	case "machine", "macdef", "login", "user", "password", "account":
	default:
		if p.current != nil {
			return nil // another program's
		}
		// The word itself may be a secret.
		return &Error{Line: w.line, Reason: "a word before any machine that is none of machine, default, macdef"}
	}
	value, err := p.lexer.nextWord()
	if err != nil {
		return err
	}
	if value == (word{}) {
		return &Error{Line: w.line, Reason: keyword + " without a value"}
	}
	switch {
	case keyword == "machine":
		if value.text == "" {
			return &Error{Line: value.line, Reason: "machine without a name"}
		}
		p.current = &entry{}
		name := foldHost(value.text)
		p.file.machines[name] = append(p.file.machines[name], p.current)
	case keyword == "macdef":
		p.current = nil
		p.lexer.skipMacro()
	case p.current == nil:
		return &Error{Line: w.line, Reason: keyword + " before any machine"}
	case keyword == "password":
		p.current.password = value.text
	case keyword == "account":
		p.current.account = value.text
	default:
		p.current.login = value.text
	}
	return nil
}

// foldHost is a host as it is compared: without case and without a final dot.
func foldHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// Find returns the credentials of the host's first entry, or of the default entry if
// there is no such machine. The host has no port, and no brackets around an
// address. The login is the account for an entry that has no login. It reports
// false for an entry with nothing in it, which so keeps the default entry from a
// host.
func (f *File) Find(host string) (login, password string, ok bool) {
	if f == nil {
		return "", "", false
	}
	return first(f.entriesOf(host)).credentials()
}

// FindLogin returns the password that the host's entries, or the default ones if there
// is no such machine, have for a login: that of the first with this login, or of the
// first that has a password and neither login nor account.
func (f *File) FindLogin(host, login string) (password string, ok bool) {
	if f == nil {
		return "", false
	}
	entries := f.entriesOf(host)
	for _, e := range entries {
		if name, password, _ := e.credentials(); name == login && password != "" {
			return password, true
		}
	}
	for _, e := range entries {
		if e.login == "" && e.account == "" && e.password != "" {
			return e.password, true
		}
	}
	return "", false
}

func (f *File) entriesOf(host string) []*entry {
	if entries := f.machines[foldHost(host)]; entries != nil {
		return entries
	}
	return f.fallback
}

func first(entries []*entry) *entry {
	if len(entries) == 0 {
		return nil
	}
	return entries[0]
}

func (e *entry) credentials() (login, password string, ok bool) {
	if e == nil || *e == (entry{}) {
		return "", "", false
	}
	if e.login == "" {
		return e.account, e.password, true
	}
	return e.login, e.password, true
}

// hasSecret reports whether the file has a password that is not for everybody.
func (f *File) hasSecret() bool {
	for _, entries := range f.machines {
		if hasSecret(entries) {
			return true
		}
	}
	return hasSecret(f.fallback)
}

func hasSecret(entries []*entry) bool {
	return slices.ContainsFunc(entries, func(e *entry) bool { return e.password != "" && e.login != "anonymous" })
}

// Error is a file that cannot be read or makes no sense. It belongs to
// [errors.ErrInvalidRequest] and tells nothing of the content.
type Error struct {
	Path   string // empty from [Parse]
	Line   int    // from 1, or 0 if the error is in no line
	Reason string
	Err    error // the system's error, or nil

	exposed *File // what others can read or write; nil for another reason
}

// Concerns reports whether the file that cannot be used has something for a host, or may
// have it: of a damaged one nobody knows.
func (e *Error) Concerns(host string) bool {
	return e.exposed == nil || hasSecret(e.exposed.entriesOf(host))
}

// Error is the path, the line and the reason.
func (e *Error) Error() string {
	text := "netrc"
	if e.Path != "" {
		text += " " + strconv.Quote(e.Path)
	}
	if e.Line > 0 {
		text += ": line " + strconv.Itoa(e.Line)
	}
	text += ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the system's error.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is [errors.ErrInvalidRequest] or an ancestor of it.
func (e *Error) Is(target error) bool { return errors.Is(errors.ErrInvalidRequest, target) }

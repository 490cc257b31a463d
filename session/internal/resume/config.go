package resume

import (
	"context"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/errors"
)

// Config is session.SaveConfig without what is said in terms of a session's responses,
// and with the way to get them.
type Config struct {
	URL      string // what the file is asked for as, and what the description says
	Path     string
	Root     *os.Root // nil: Path says where
	IfExists IfExists
	Claim    func(name string) bool // nil: every name
	NoResume bool
	AnyURL   bool                   // an unfinished file of Path may be of another URL
	Hash     func() hash.Hash       // nil: nothing is compared
	CheckSum func(sum []byte) error // of what Hash has made
	Verify   func(io.Reader) error  // nil: nothing is looked at
	Progress func(done, total int64)
	Parallel int

	// Fetch asks for a span of bytes, such as "100-" or "100-199", of the version that
	// has the validator, or for all of the file if span is empty. Ranges and lengths
	// count the bytes of the file itself, without a content coding.
	Fetch func(ctx context.Context, span, validator string) (*Response, error)
}

// IfExists has the values of session.IfExists.
type IfExists uint8

// What happens to a file that has the name of the one to save.
const (
	Default IfExists = iota // Replace if Path gives the name, else Number
	Number
	Replace
	Refuse
)

// Saved is session.Saved.
type Saved struct {
	Path       string
	Size       int64
	Resumed    int64
	Unfinished bool
}

// Response is an answer whose body becomes the file, or a part of it.
type Response struct {
	*http.Response
	Decoded     bool  // a content coding was undone: length and tag are of other bytes
	Last        bool  // no other request can follow
	MaxParallel int   // requests that may fetch parts, this one among them
	MaxSize     int64 // of the body; 0: no limit
	Call        Call
}

// Call is what only the caller can do with a Response.
type Call interface {
	// FileName is the name for a Path that gives none.
	FileName() string
	// BeginSave is called before anything of the body is written.
	BeginSave(at Saved, total int64) error
	// KeepCoding leaves the body in its content coding; false: it is too late for that.
	KeepCoding() bool
	// Source is the body from its start, and IsRead reports whether that is in memory,
	// so that a range saves nothing.
	Source() io.Reader
	IsRead() bool
	// CheckStatus is an error for a status of 400 and more, and ResponseError one for
	// any other; an empty reason is the status's own.
	CheckStatus() error
	ResponseError(reason string) error
	// Close is idempotent, and for any goroutine.
	Close()
}

// openPath opens the directory that Root or Path gives. name is empty if Path does not
// give one.
func (cfg *Config) openPath() (dir directory, name string, err error) {
	if cfg.Root == nil {
		return openDirectory(cfg.Path)
	}
	if cfg.Path != "" && (!filepath.IsLocal(cfg.Path) || filepath.Base(cfg.Path) != cfg.Path || cfg.Path == ".") {
		return directory{}, "", &errors.InvalidRequestError{Field: "Save", Reason: "not the name of a file"}
	}
	return directory{at: cfg.Root.Name(), root: cfg.Root}, cfg.Path, nil
}

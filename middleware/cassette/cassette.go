package cassette

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
	"github.com/aiolos-http/aiolos/internal/redact"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// Mode says where the answers come from.
type Mode int

// The modes.
const (
	// Replay answers from the file and never asks the network. The file
	// must be there.
	Replay Mode = iota
	// Record asks the network, and writes the file anew.
	Record
	// Auto replays a file that is there, and records one that is not.
	Auto
)

// Config says how a [Cassette] records and compares. The zero value
// replays.
type Config struct {
	Mode Mode
	// Repeat lets the last of several equal requests be answered again and
	// again. Otherwise each recorded answer is given once.
	Repeat bool
	// MaxBody is the size in bytes of the largest body, of a request or a
	// response, that can be recorded; bodies are read as a whole. 0 is 16 MiB;
	// negative is no limit. A larger one is an [errors.BodyTooLargeError].
	MaxBody int64
	// Redaction says what is hidden in the file. What its Body leaves of a
	// response's body is what is replayed; what it leaves of a request's is
	// what is compared.
	Redaction middleware.Redaction
}

// Cassette records exchanges in a text file, and answers requests from it: a
// test of a client then needs no server. [Cassette.Wrap] is its [middleware.Middleware].
// It is safe for concurrent use.
//
// A request is matched by its method, its URL and its body, and equal ones in
// their order. Neither its header nor its credentials count, nor what a query
// holds under names that sound like secrets ([errors.SensitiveHeader], "key",
// "sig", "code"): so a test passes without the secrets of the recording.
//
// Nothing secret is in the file; see [middleware.Redaction]. Of the body of a request
// there is only a SHA-256, from which a short secret could be guessed. The body
// of a response is there as it came, so record above what decodes it. Where a
// secret is in a body, let Redaction.Body hide it.
type Cassette struct {
	path      string
	cfg       Config
	rules     *redaction.Rules
	recording bool

	mu        sync.Mutex
	exchanges []*exchange
	dirty     bool
}

// exchange is one recorded exchange.
type exchange struct {
	method, url string // the URL redacted
	sum         string // of the URL, without secrets
	bodySum     string // of the body; empty for none
	header      http.Header

	status     int
	statusText string
	proto      string
	response   http.Header
	body       []byte
	trailer    http.Header // nil: none

	used bool
}

// Open opens or begins a cassette. It returns the errors of package os
// for a file that cannot be read, and an [errors.ErrInvalidRequest] for one that
// is no cassette or is damaged. A cassette is a text for editors, without a mark of its
// end: of one that is cut the exchanges before are replayed, and the last with the
// lines that it has. The file's mode is not looked at.
func Open(path string, cfg Config) (*Cassette, error) {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 16 << 20
	}
	c := &Cassette{path: path, cfg: cfg, recording: cfg.Mode == Record}
	c.rules = (*redaction.Rules)(&c.cfg.Redaction)
	if c.recording {
		c.dirty = true // what was there is replaced, if by nothing
		return c, nil
	}
	text, err := os.ReadFile(path)
	if cfg.Mode == Auto && errors.Is(err, os.ErrNotExist) {
		c.recording, c.dirty = true, true
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if c.exchanges, err = parseFile(text); err != nil {
		return nil, err
	}
	return c, nil
}

// Format writes the path of the file: what is recorded may hold secrets.
func (c *Cassette) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "cassette.Cassette"}.With("Path", c.path).Format(f, verb)
}

// Recording reports whether the network is asked.
func (c *Cassette) Recording() bool { return c.recording }

// Unused is how many recorded answers were not given yet: a test that has
// played its cassette to the end wants 0.
func (c *Cassette) Unused() (count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.exchanges {
		if !x.used {
			count++
		}
	}
	return count
}

// Close writes what was recorded, with mode 0600 and in one step, in the place of
// whatever is there; if that fails, what was there stays. A cassette that replays has
// nothing to write. It returns the errors of package os, and may be called again.
func (c *Cassette) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dirty {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".cassette-*")
	if err != nil {
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			failed.Path = c.path // which is the one that the caller knows
		}
		return err
	}
	if _, err = f.Write(formatFile(c.exchanges)); err == nil {
		err = f.Sync() // or a crash could leave an empty file with the name
	}
	if err = oneline.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.path)
	}
	if err != nil {
		return oneline.Join(err, os.Remove(f.Name()))
	}
	c.dirty = false
	return nil
}

// MissError is a request that a cassette has no answer to. It belongs
// to [errors.ErrInvalidRequest].
type MissError struct {
	Method string
	URL    string // redacted
	Used   bool   // there was an answer, but it was given already
}

// Error names the request.
func (e *MissError) Error() string {
	text := "cassette: no answer to " + e.Method + " " + e.URL
	if e.Used {
		text += ": all of them were given already"
	}
	return text
}

// Is reports whether the class or an ancestor of it is target.
func (e *MissError) Is(target error) bool { return errors.Is(errors.ErrInvalidRequest, target) }

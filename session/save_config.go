package session

import (
	"bytes"
	"encoding/hex"
	"hash"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/internal/resume"
)

// SaveConfig says where and how a body becomes a file. The zero value saves into
// the working directory, under a name that the response gives.
type SaveConfig struct {
	// Path is the file. If it is a directory, or ends in a slash, or is empty,
	// the file goes there under the name of [Response.FileName], with a number
	// if that is taken. The directory must exist.
	Path string
	// Root is the directory, opened by the caller, who also closes it. Path is then
	// the name of the file in it, or empty. Nil means that Path says where.
	Root *os.Root
	// IfExists says what happens if there is a file of that name, wherever the
	// name comes from.
	IfExists IfExists
	// Name chooses the name if Path does not, in place of [Response.FileName],
	// once the head of the response is there. What it returns goes through
	// [SafeFileName]; for an empty name that of the response is used. It is not
	// called if there is an unfinished file to go on with. Nil is allowed.
	Name func(*Response) string
	// Claim is asked about a name before it is used, be it that of an unfinished
	// file or that of a new one. One that is refused counts as taken: another
	// unfinished file, or the name with a number, comes next. By it, calls that run
	// at the same time for one directory keep out of each other's way. Nil allows
	// every name.
	Claim func(name string) bool
	// Begin is called when it is clear what comes, before any of it is written:
	// with the response, the Path of the file, the Size of what is there already,
	// and the length of the whole, or -1. It is called again only if the whole file
	// has to be fetched again. An error ends the call; an unfinished file that was
	// to be continued stays. The body must be left alone. Nil is allowed.
	Begin func(r *Response, at Saved, total int64) error
	// NoResume neither goes on with an unfinished file nor leaves one.
	NoResume bool
	// ResumeAnyURL goes on with the unfinished file of Path whatever URL it was begun
	// with: one that is signed has another query each time. The validator decides as
	// ever, so that bytes of two versions never come together. An unfinished file of
	// this very URL comes first. Without a name in Path it has no meaning.
	ResumeAnyURL bool
	// Hash makes the hash that Sum is compared with, such as sha256.New. Nil
	// means that nothing is compared.
	Hash func() hash.Hash
	// Sum is what the hash of the whole file must be.
	Sum []byte
	// Verify is called with all of the file, before that gets its name. An error
	// means that it is not kept. Nil is allowed.
	Verify func(io.Reader) error
	// Progress is called as the file grows, with its length so far and the
	// whole, or -1 if that is not known, as often as the option [Progress] is. It
	// must be quick. Nil is allowed. It is not called twice at the same time, and
	// goes back only if a part of several, or the whole file, has to be fetched
	// again.
	Progress func(done, total int64)
	// Parallel is how many requests fetch parts of the file at the same time, if
	// the server offers that (Accept-Ranges: bytes), the response has a strong
	// validator and a length, and there is 1 MiB for each. 0 and 1 mean one
	// request; negative values, too. See [Response.SaveTo].
	Parallel int
}

// IfExists is what happens to a file that has the name of the one to save.
type IfExists uint8

// The values of IfExists. A file is replaced in one step, once the new one is
// complete.
const (
	// ExistsDefault replaces a file that Path names; a name that the server gives
	// gets a number.
	ExistsDefault IfExists = iota
	// ExistsNumber leaves the file, and any unfinished file of something else: the
	// new one is called name-1, or name-2, and so on.
	ExistsNumber
	// ExistsReplace replaces the file, and an unfinished file of something else.
	ExistsReplace
	// ExistsRefuse is an error, [fs.ErrExist], before the body is fetched, and
	// before the request if Path gives the name. A file that comes into being
	// after that stays too: it is an error if Path gives the name, and else the new
	// one gets a number. An unfinished file of something else is replaced if Path
	// gives the name, and else left.
	ExistsRefuse
)

// ErrNotRegular is the cause, in a [fs.PathError], of the error of a save for a name that
// something other than a regular file has: a directory, a device, a socket or a pipe. It
// stays, and no body is fetched for it.
var ErrNotRegular = resume.ErrNotRegular

// ErrSaveBusy is the error of a save for a file that another call, of this process or of
// another one, is saving just now: nothing is wrong with either, and it may be tried again.
// It is an [errors.InvalidRequestError], and found in what a save returns by errors.Is. Where
// a system or a file system has no locks, nothing is noticed.
var ErrSaveBusy = resume.ErrBusy

// Saved is a body that became a file. Beside an error it is what had become of it,
// or zero if nothing had.
type Saved struct {
	Path    string // of the file
	Size    int64  // in bytes
	Resumed int64  // how many of them an earlier call had left
	// Unfinished says, beside an error, that these Size bytes were kept: the same
	// call goes on with them, and so does one for this Path.
	Unfinished bool
}

// ChecksumError is a file whose hash is not the one that it should have. It is
// of the class [errors.ErrClientPayload]; the file is not kept.
type ChecksumError struct{ Want, Got []byte }

// Error shows both.
func (e *ChecksumError) Error() string {
	return "checksum is " + hex.EncodeToString(e.Got) + ", not " + hex.EncodeToString(e.Want)
}

// Is reports whether the class or an ancestor of it is target.
func (e *ChecksumError) Is(target error) bool { return isPayload(target) }

// engineConfig is the configuration for the package that does the work.
func (cfg *SaveConfig) engineConfig(url string) (resume.Config, error) {
	switch {
	case cfg.Hash == nil && cfg.Sum != nil:
		return resume.Config{}, &errors.InvalidRequestError{Field: "SaveConfig.Sum", Reason: "needs Hash, such as sha256.New"}
	case cfg.Hash != nil && cfg.Sum == nil:
		return resume.Config{}, &errors.InvalidRequestError{Field: "SaveConfig.Hash", Reason: "needs Sum, what it must be"}
	}
	return resume.Config{
		URL: url, Path: cfg.Path, Root: cfg.Root, IfExists: resume.IfExists(cfg.IfExists), Claim: cfg.Claim, NoResume: cfg.NoResume, AnyURL: cfg.ResumeAnyURL,
		Hash: cfg.Hash, CheckSum: cfg.checkSum, Verify: cfg.Verify, Progress: cfg.Progress, Parallel: cfg.Parallel,
	}, nil
}

func (cfg *SaveConfig) checkSum(got []byte) error {
	if !bytes.Equal(got, cfg.Sum) {
		return &ChecksumError{Want: cfg.Sum, Got: got}
	}
	return nil
}

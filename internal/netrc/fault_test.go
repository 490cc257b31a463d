package netrc_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netrc"
)

// faultText has a password in each of its forms.
const faultText = "# mine\nmachine a.example login alice password \"my " + canary + "\"\nmacdef m\nput " + canary + "\n\ndefault login bob password " + canary + "\n"

// wantNoSecret loads a damaged file: it can be read, or the error has one line, no
// secret and the path.
func wantNoSecret(t *testing.T, what, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "netrc")
	write(t, path, text, 0o400)
	_, err := netrc.Load(at("NETRC", path))
	if err == nil {
		return
	}
	if e, ok := errors.AsType[*netrc.Error](err); !ok || e.Path != path || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("%s: got %v, want an *Error", what, err)
	}
	if said := err.Error(); strings.Contains(said, canary) || strings.Contains(said, "\n") {
		t.Errorf("%s: the error says %q", what, said)
	}
}

// TestLoadCut: a file is read-only and cut anywhere.
func TestLoadCut(t *testing.T) {
	t.Parallel()
	for n := range len(faultText) {
		wantNoSecret(t, "cut", faultText[:n])
	}
}

// TestLoadGarbled: a byte is another one.
func TestLoadGarbled(t *testing.T) {
	t.Parallel()
	for i := range len(faultText) {
		for _, b := range []string{"\x00", "\n", `"`, `\`, "\xff"} {
			wantNoSecret(t, "garbled", faultText[:i]+b+faultText[i+1:])
		}
	}
}

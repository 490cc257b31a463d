package app

import (
	"fmt"
	"strings"

	"github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
)

// hinted is an error with a hint.
type hinted struct {
	error

	hint string
}

// Unwrap returns the error.
func (h *hinted) Unwrap() error { return h.error }

// WithHint gives an error what may help against it.
func WithHint(err error, text string) error { return &hinted{err, text} }

// Report writes an error, and a hint where one is known.
func (a *App) Report(err error) {
	if a.Quiet > 1 {
		return
	}
	if exitcode.Of(err) == exitcode.Interrupt {
		fmt.Fprintln(a.Err, "aiolos-fleet: interrupted")
		return
	}
	fmt.Fprintf(a.Err, "aiolos-fleet: %s\n", Line(errors.RedactError(err)))
	if text := hintFor(err); text != "" {
		fmt.Fprintf(a.Err, "hint: %s\n", Line(text))
	}
}

// hintFor says what may help against an error, or nothing.
func hintFor(err error) string {
	text := err.Error()
	switch own, ok := errors.AsType[*hinted](err); {
	case ok:
		return own.hint
	case strings.Contains(text, "NOAUTH"), strings.Contains(text, "WRONGPASS"):
		return "Redis wants a password: redis://USER:PASSWORD@HOST:PORT, in AIOLOS_FLEET_REDIS rather than on the command line"
	case exitcode.Of(err) == exitcode.Connect:
		return `--redis HOST:PORT or AIOLOS_FLEET_REDIS says where Redis is; "aiolos-fleet demo" starts one of its own`
	}
	return ""
}

package app

import (
	"fmt"
	"io"
	"runtime"

	"github.com/aiolos-http/aiolos/session"
)

// PrintVersion prints what "aiolos version" and --version say.
func PrintVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "aiolos %s %s\n", session.LibraryVersion, runtime.Version())
	return err
}

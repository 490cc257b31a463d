// Package app is one call of the program: its streams, its global flags, what it
// tells the user, and the exit code that it comes to.
package app

import (
	"fmt"
	"io"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// App is one call of the program.
type App struct {
	Streams

	Color render.ColorMode
	Quiet int      // 1: no notices; 2: no errors either
	Brief bool     // -h
	Args  []string // of the command line, without the name of the program
	Code  int      // exit code of a command that has said what there was to say
	// AtEnd is called when a command that was not misused is over.
	AtEnd []func() error
}

// Notice tells something on standard error, unless -q was given.
func (a *App) Notice(format string, args ...any) {
	if a.Quiet == 0 {
		fmt.Fprintf(a.Err, "aiolos: "+format+"\n", args...)
	}
}

// CanRedraw reports whether something may be redrawn on standard error.
func (a *App) CanRedraw() bool { return a.ErrTTY && a.Quiet == 0 && a.Getenv("TERM") != "dumb" }

// OutPalette returns the colours of standard output.
func (a *App) OutPalette() render.Palette {
	return render.NewPalette(render.Colored(a.Color, a.Getenv, a.OutTTY))
}

// ErrPalette returns the colours of standard error.
func (a *App) ErrPalette() render.Palette {
	return render.NewPalette(render.Colored(a.Color, a.Getenv, a.ErrTTY))
}

// SafeOut is standard output, harmless for a terminal if it is one.
func (a *App) SafeOut() io.WriteCloser {
	if a.OutTTY {
		return render.NewEscaper(a.Out)
	}
	return nopCloser{a.Out}
}

// nopCloser is a writer that is not ours to close.
type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

package app

import (
	"fmt"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Report writes an error, and a hint where one is known.
func (a *App) Report(err error) {
	p := a.ErrPalette()
	if exitcode.Of(err) == exitcode.Interrupt {
		fmt.Fprintln(a.Err, "aiolos: interrupted")
		return
	}
	fmt.Fprintf(a.Err, "%s %s\n", p.Red("aiolos:"), render.Error(err))
	a.Hint(hint.For(err))
}

// Hint writes what may help, if there is something, unless not even errors are wanted.
func (a *App) Hint(text string) {
	if text != "" && a.Quiet < 2 {
		fmt.Fprintf(a.Err, "%s %s\n", a.ErrPalette().Yellow("hint:"), render.Line(text))
	}
}

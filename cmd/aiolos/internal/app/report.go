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
	fmt.Fprintf(a.Err, "%s %s\n", p.Red("aiolos:"), render.Line(err.Error()))
	if h := hint.For(err); h != "" {
		fmt.Fprintf(a.Err, "%s %s\n", p.Yellow("hint:"), render.Line(h))
	}
}

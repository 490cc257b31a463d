// Package app is one call of the program: its streams, its global flags, and what it tells
// the user.
package app

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// Streams is what a call of the program has around it. Tests replace it.
type Streams struct {
	In     io.Reader
	Out    io.Writer // what was asked for
	Err    io.Writer // everything else
	OutTTY bool
	ErrTTY bool
	Getenv func(string) string
}

// System returns the streams of the process.
func System() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// App is one call of the program.
type App struct {
	Streams

	Redis string // --redis
	Queue string // --queue
	Quiet int    // 1: no notices; 2: no errors either
}

// Notice tells something on standard error, unless -q was given.
func (a *App) Notice(format string, args ...any) {
	if a.Quiet == 0 {
		a.Say("aiolos-fleet: "+format, args...)
	}
}

// Say writes a line to standard error, in the place of what is redrawn there.
func (a *App) Say(format string, args ...any) {
	text := fmt.Sprintf(format+"\n", args...)
	if a.CanRedraw() {
		text = clearLine + text
	}
	io.WriteString(a.Err, text) //nolint:errcheck // there is nobody else to tell
}

// Redraw shows a line on standard error in the place of the one before; empty: none.
func (a *App) Redraw(text string) {
	if a.CanRedraw() {
		io.WriteString(a.Err, clearLine+text) //nolint:errcheck // likewise
	}
}

// clearLine clears the line of a terminal and begins it anew.
const clearLine = "\r\x1b[K"

// CanRedraw reports whether something may be redrawn on standard error.
func (a *App) CanRedraw() bool { return a.ErrTTY && a.Quiet == 0 && a.Getenv("TERM") != "dumb" }

// Line returns s fit for one line on a terminal: what a terminal would act on becomes
// visible. It is for the texts that a server had a hand in.
func Line(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	quoted = quoted[1 : len(quoted)-1]
	// Quotes and backslashes are harmless.
	out := make([]byte, 0, len(quoted))
	for i := 0; i < len(quoted); i++ {
		if quoted[i] == '\\' && i+1 < len(quoted) && (quoted[i+1] == '"' || quoted[i+1] == '\\') {
			i++
		}
		out = append(out, quoted[i])
	}
	return string(out)
}

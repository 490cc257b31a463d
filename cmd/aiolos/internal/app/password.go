package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// ErrNoTerminal is the error for a password that nobody can be asked for.
var ErrNoTerminal = errors.New("-a: there is no terminal to ask for the password")

// readPassword asks on the terminal, and shows nothing of the answer. Standard input
// may be something else.
func readPassword(ctx context.Context, prompt string) (string, error) {
	tty := os.Stdin
	if !term.IsTerminal(int(tty.Fd())) {
		f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return "", ErrNoTerminal
		}
		defer f.Close()
		tty = f
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	out := os.Stderr
	if tty != os.Stdin {
		out = tty
	}
	fmt.Fprint(out, render.Line(prompt))
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	defer fmt.Fprintln(out)
	select {
	case a := <-answers:
		return string(a.text), a.err
	case <-ctx.Done():
		// The read goes on until the process ends, which is soon.
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}

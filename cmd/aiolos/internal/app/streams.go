package app

import (
	"context"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// Streams is what a call of the program has around it. Tests replace it.
type Streams struct {
	In     io.Reader
	Out    io.Writer // the response
	Err    io.Writer // everything else
	InTTY  bool
	OutTTY bool
	ErrTTY bool
	Width  int // of the terminal
	Getenv func(string) string
	// Page shows a long text on the terminal; nil writes it to Out.
	Page func(text string) error
	// Password asks for one on the terminal; nil means that there is none.
	Password func(ctx context.Context, prompt string) (string, error)
}

// System returns the streams of the process.
func System() Streams {
	s := Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		Width:  80,
		Getenv: os.Getenv,

		Page:     runPager,
		Password: readPassword,
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.Width = n
		return s
	}
	for _, f := range []*os.File{os.Stderr, os.Stdout} {
		// A terminal may not know its size, and says zero then.
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			s.Width = w
			break
		}
	}
	return s
}

package app

import (
	"fmt"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// ReadURLList reads the URLs of a file, one a line; - is standard input. They are
// completed as those of the command line are.
func (a *App) ReadURLList(name string) ([]string, error) {
	var urls []string
	err := a.EachLine(name, func(line string) error {
		u, err := syntax.ExpandURL(line)
		urls = append(urls, u)
		return err
	})
	return urls, err
}

// EachLine calls do with the lines of a file; - is standard input. Blanks around a line,
// empty lines, lines that begin with # and a byte order mark are left out. An error of do
// ends it, and gets the number of its line.
func (a *App) EachLine(name string, do func(line string) error) error {
	list, err := a.ReadFileOrInput(name)
	if err != nil {
		return err
	}
	return textfile.EachLine(name, list, func(n int, text string) error {
		if err := do(text); err != nil {
			return fmt.Errorf("%s: line %d: %w", name, n, err)
		}
		return nil
	})
}

package app

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// ReadURLList reads the URLs of a file, one a line; - is standard input. They are
// completed as those of the command line are.
func (a *App) ReadURLList(name string) ([]string, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	urls, err := readURLList(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return urls, nil
}

// readURLList reads one URL a line. Empty lines and lines that begin with # are
// left out.
func readURLList(in io.Reader) ([]string, error) {
	var urls []string
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		u, err := syntax.ExpandURL(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		urls = append(urls, u)
	}
	return urls, lines.Err()
}

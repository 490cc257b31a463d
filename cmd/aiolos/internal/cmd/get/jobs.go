package get

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// maxParts is how many requests may fetch one file: servers take more for an attack.
const maxParts = 32

// target is a URL to download, and the name that its file is to have, or "".
type target struct{ url, name string }

// newJobs makes the list of what to download.
func (g *command) newJobs(args []string) ([]download.Job, error) {
	urls, err := g.readTargets(args)
	switch {
	case err != nil:
		return nil, err
	case len(urls) == 0:
		return nil, syntax.ErrNoURL
	case g.parallel < 1 || g.perHost < 1 || g.parts < 1 || g.parts > maxParts:
		return nil, fmt.Errorf("--jobs and --per-host must be at least 1, and --parts from 1 to %d", maxParts)
	case g.output == "-":
		return nil, errors.New(`-o - is for a single request: "aiolos URL"`)
	case g.output != "" && g.byURL:
		return nil, errors.New("-o and -O exclude each other")
	case g.output != "" && len(urls) > 1:
		return nil, fmt.Errorf("-o names one file, and there are %d URLs", len(urls))
	}
	if err := g.readSums(len(urls)); err != nil {
		return nil, err
	}
	if g.output != "" {
		g.dir, g.output = filepath.Split(filepath.Join(g.dir, g.output))
		g.dir = filepath.Clean(g.dir)
	}
	jobs := make([]download.Job, len(urls))
	for i, u := range urls {
		if err := checkURL(u.url); err != nil {
			return nil, err
		}
		jobs[i] = download.Job{URL: u.url, Name: cmp.Or(g.output, u.name), Index: i + 1, Sum: g.sum}
		if g.byURL && jobs[i].Name == "" {
			jobs[i].Name = download.NameOfURL(u.url, i+1)
		}
	}
	return jobs, nil
}

// readSums reads --checksum.
func (g *command) readSums(urls int) error {
	name, isList := strings.CutPrefix(g.checksum, "@")
	switch {
	case g.checksum == "":
		return nil
	case !isList && urls > 1:
		return fmt.Errorf("--checksum is of one file, and there are %d URLs: give a list, @FILE", urls)
	case !isList:
		var err error
		g.sum, err = download.ParseSum(g.checksum)
		return err
	}
	data, err := app.ReadFile(name)
	if err != nil {
		return err
	}
	if g.sums, err = download.ReadSums(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readTargets returns the URLs of the arguments and those of the input file.
func (g *command) readTargets(args []string) ([]target, error) {
	var all []target
	for _, arg := range args {
		u, err := syntax.ExpandURL(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, target{url: u})
	}
	if g.input == "" {
		return all, nil
	}
	in := g.app.In
	if g.input != "-" {
		f, err := os.Open(g.input)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	more, err := readURLList(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.input, err)
	}
	return append(all, more...), nil
}

// checkURL refuses what cannot be downloaded before anything is sent.
func checkURL(raw string) error {
	_, err := session.ParseURL(raw)
	if bad, ok := aioerrors.AsType[*aioerrors.InvalidURLError](err); ok && bad.Err != nil {
		bad.Description = "not a URL"
	}
	return err
}

// readURLList reads one URL a line, and behind it, after spaces or tabs, the name of the
// file if it is to have one. Empty lines and lines that begin with # are left out.
func readURLList(in io.Reader) ([]target, error) {
	var all []target
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		one, err := parseTarget(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, one)
	}
	return all, lines.Err()
}

// parseTarget reads a line of a list.
func parseTarget(text string) (target, error) {
	word, name := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		word, name = text[:i], strings.TrimSpace(text[i:])
	}
	u, err := syntax.ExpandURL(word)
	switch {
	case err != nil:
		return target{}, err
	case name != "" && session.SafeFileName(name) != name:
		return target{}, fmt.Errorf("%q is not the name of a file in the directory", name)
	}
	return target{u, name}, nil
}

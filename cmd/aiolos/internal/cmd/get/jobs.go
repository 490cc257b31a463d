package get

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
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
	g.urls = args
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
		if !filepath.IsAbs(g.output) {
			g.output = filepath.Join(g.dir, g.output)
		}
		g.dir, g.output = filepath.Split(filepath.Clean(g.output))
		g.dir = filepath.Clean(g.dir)
	}
	jobs := make([]download.Job, len(urls))
	for i, u := range urls {
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
	data, err := app.ReadText(name)
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
		u, err := expandURL(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, target{url: u})
	}
	if g.input == "" {
		return all, nil
	}
	err := g.app.EachLine(g.input, func(line string) error {
		one, err := parseTarget(line)
		all = append(all, one)
		return err
	})
	return all, err
}

// expandURL completes a URL, and refuses what cannot be downloaded before anything is sent.
func expandURL(word string) (string, error) {
	expanded, err := syntax.ExpandURL(word)
	if err != nil {
		return "", err
	}
	_, err = session.ParseURL(expanded)
	if bad, ok := aioerrors.AsType[*aioerrors.InvalidURLError](err); ok && bad.Err != nil {
		bad.Description = "not a URL"
	}
	return expanded, err
}

// parseTarget reads a line of a list: a URL, and behind it, after spaces or tabs, the name
// of the file if it is to have one.
func parseTarget(text string) (target, error) {
	word, name := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		word, name = text[:i], strings.TrimSpace(text[i:])
	}
	u, err := expandURL(word)
	switch {
	case err != nil:
		return target{}, err
	case name != "" && session.SafeFileName(name) != name:
		return target{}, fmt.Errorf("%q is not the name of a file in the directory", name)
	}
	return target{u, name}, nil
}

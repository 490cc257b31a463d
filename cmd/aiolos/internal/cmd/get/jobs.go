package get

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// newJobs makes the list of what to download.
func (g *command) newJobs(args []string) ([]download.Job, error) {
	urls, err := g.readURLArgs(args)
	switch {
	case err != nil:
		return nil, err
	case len(urls) == 0:
		return nil, syntax.ErrNoURL
	case g.parallel < 1 || g.perHost < 1:
		return nil, errors.New("--jobs and --per-host must be at least 1")
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
		if err := checkURL(u); err != nil {
			return nil, err
		}
		jobs[i] = download.Job{URL: u, Name: g.output, Index: i + 1, Sum: g.sum}
		if g.byURL {
			jobs[i].Name = download.NameOfURL(u, i+1)
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

// readURLArgs returns the URLs of the arguments and those of the input file.
func (g *command) readURLArgs(args []string) ([]string, error) {
	var urls []string
	for _, arg := range args {
		u, err := syntax.ExpandURL(arg)
		if err != nil {
			return nil, err
		}
		urls = append(urls, u)
	}
	if g.input == "" {
		return urls, nil
	}
	list, err := g.app.ReadFileOrInput(g.input)
	if err != nil {
		return nil, err
	}
	more, err := readURLList(bytes.NewReader(textfile.UTF8(list)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.input, err)
	}
	return append(urls, more...), nil
}

// checkURL refuses what cannot be downloaded before anything is sent.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	reason := ""
	switch {
	case err != nil:
		reason = "not a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		reason = "unsupported scheme"
	case u.Hostname() == "":
		reason = "no host"
	default:
		return nil
	}
	return &aioerrors.InvalidURLError{URL: aioerrors.RedactURLString(raw), Description: reason}
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

package bench

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// readJobs makes the requests: that of the command line, with the URLs of the file if
// there is one.
func (b *command) readJobs(cmd *cobra.Command, args []string) ([]exchange.Job, error) {
	var urls []string
	if b.input != "" {
		var err error
		if urls, err = b.App.ReadURLList(b.input); err != nil {
			return nil, err
		}
		if args, err = insertURL(args, urls); err != nil {
			return nil, fmt.Errorf("%s: %w", b.input, err)
		}
	}
	target, req, err := b.ReadArgs(cmd, args)
	if err != nil {
		return nil, err
	}
	if err := b.bufferBody(req); err != nil {
		return nil, err
	}
	options, _, err := b.RequestOptions(req)
	if err != nil {
		return nil, err
	}
	if urls == nil {
		urls = []string{target.URL}
	}
	jobs := make([]exchange.Job, len(urls))
	for i, u := range urls {
		jobs[i] = exchange.Job{Method: target.Method, URL: u, Options: options, Request: req}
	}
	return jobs, nil
}

// urlsOf are the URLs of requests.
func urlsOf(jobs []exchange.Job) []string {
	urls := make([]string, len(jobs))
	for i, j := range jobs {
		urls[i] = j.URL
	}
	return urls
}

// insertURL puts the first URL of a file where the command line has one otherwise.
func insertURL(args, urls []string) ([]string, error) {
	if len(urls) == 0 {
		return nil, syntax.ErrNoURL
	}
	at := 0
	if len(args) > 0 && syntax.IsMethod(args[0]) {
		at = 1
	}
	if len(args) > at && isURL(args[at]) {
		return nil, fmt.Errorf("with --input the URLs are those of the file, and not %q", aioerrors.RedactURLString(args[at]))
	}
	return slices.Insert(slices.Clone(args), at, urls[0]), nil
}

// isURL reports whether a word in the place of an item can only be meant as a URL: what
// stands before its port or its path is no name of a header.
func isURL(word string) bool {
	end := strings.IndexAny(word, ":/=@[")
	if end < 0 {
		end = len(word)
	}
	host, rest := word[:end], word[end:]
	switch {
	case strings.HasPrefix(rest, "://"):
		return true
	case rest != "" && rest[0] != ':' && rest[0] != '/', strings.HasPrefix(rest, ":="):
		return false
	}
	return host == "" || host == "localhost" || strings.Contains(host, ".")
}

// readOther reads the run of --compare if it is that of a file, and completes the URL
// if it is one.
func (b *command) readOther(urls int) (*report.Run, error) {
	if b.compare == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	if !strings.HasSuffix(b.compare, ".json") || strings.Contains(b.compare, "://") {
		if urls > 1 {
			return nil, errors.New("--compare URL is for one URL: give a file that --json has written")
		}
		var err error
		b.compare, err = syntax.ExpandURL(b.compare)
		return nil, err
	}
	f, err := os.Open(b.compare)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	result, err := bench.ReadJSON(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.compare, err)
	}
	return &report.Run{Name: b.compare, Result: result}, nil
}

// bufferBody reads the body, which is sent many times.
func (b *command) bufferBody(req *syntax.Request) (err error) {
	switch {
	case len(req.Parts) > 0:
		return b.BufferForm(req)
	case req.BodyFile == "":
		return nil
	case req.BodyFile == "-":
		req.Body, err = b.App.ReadInput()
	default:
		req.Body, err = app.ReadFile(req.BodyFile)
		if req.ContentType == "" {
			req.ContentType = form.TypeByName(req.BodyFile)
		}
	}
	req.BodyFile = ""
	return err
}

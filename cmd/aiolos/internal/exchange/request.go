package exchange

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// ReadArgs makes the request of the command line.
func (s *Sender) ReadArgs(cmd *cobra.Command, args []string) (syntax.Target, *syntax.Request, error) {
	if err := s.CheckSingle(false); err != nil {
		return syntax.Target{}, nil, err
	}
	target, err := syntax.Split(args)
	if err != nil {
		return target, nil, err
	}
	mode := syntax.Mode{Form: s.AsForm, Multipart: s.multipart}
	if cmd.Flags().Changed("raw") {
		mode.Raw = &s.raw
	}
	if err := CheckPrint(s.PrintParts); err != nil {
		return target, nil, err
	}
	if err := s.CheckLooks(); err != nil {
		return target, nil, err
	}
	req, err := syntax.Build(target.Items, mode, app.ReadFile)
	if err != nil {
		return target, nil, err
	}
	target.Written = target.Method
	if target.Method == "" {
		target.Method = req.Method()
	}
	return target, req, nil
}

// checkRedirects refuses a number that would be no limit for curl, and is none here.
func (s *Sender) checkRedirects() error {
	if s.Redirects < 0 {
		return exitcode.AsUsage(errors.New("--max-redirects must not be negative"))
	}
	return nil
}

// RequestOptions translates the request for the library. What is returned as body is
// to be closed after the request.
func (s *Sender) RequestOptions(req *syntax.Request) (options []session.Option, body io.Closer, err error) {
	if err := s.checkRedirects(); err != nil {
		return nil, nil, err
	}
	redirects := session.Redirects(s.Redirects)
	if s.NoFollow {
		redirects = session.NoRedirects()
	}
	options = append(options, redirects)
	contentType := req.ContentType
	switch {
	case req.BodyFile != "":
		var reader io.Reader
		if reader, body, err = s.OpenBody(req.BodyFile); err != nil {
			return nil, nil, err
		}
		options = append(options, session.Body(reader))
		if contentType == "" {
			contentType = form.TypeByName(req.BodyFile)
		}
	case req.HasBody:
		options = append(options, session.Bytes(req.Body))
	case len(req.Parts) > 0:
		return s.formOptions(req, options)
	}
	if contentType != "" && !slices.ContainsFunc(req.Headers, isContentType) {
		options = append(options, session.Header("Content-Type", contentType))
	}
	return append(options, s.Net.ItemOptions(req)...), body, nil
}

// formOptions are the options of a request whose body is a multipart form.
func (s *Sender) formOptions(req *syntax.Request, options []session.Option) ([]session.Option, io.Closer, error) {
	body, contentType, err := s.Multipart(req.Parts, itemContentType(req.Headers))
	if err != nil {
		return nil, nil, err
	}
	options = append(append(options, body), s.Net.ItemOptions(req)...)
	if contentType != "" {
		options = append(options, session.Header("Content-Type", contentType))
	}
	return options, nil, nil
}

// isContentType reports whether an item sets or unsets the content type.
func isContentType(h syntax.HeaderItem) bool {
	return strings.EqualFold(h.Name, "Content-Type")
}

// OpenBody opens the file that is the whole body; - is standard input. The closer is
// nil if there is nothing to close.
func (s *Sender) OpenBody(name string) (io.Reader, io.Closer, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, nil, errors.Join(fmt.Errorf("%s is a directory", name), f.Close())
		}
		return f, f, nil
	}
	if s.App.InTTY {
		s.App.Notice("reading the body from the terminal, up to its end (ctrl-D)")
	}
	return s.App.In, nil, nil
}

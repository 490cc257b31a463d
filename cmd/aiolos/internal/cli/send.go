package cli

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// maxFile bounds a file that an item reads into memory. A whole body (@FILE) is
// streamed and has no such bound.
const maxFile = 64 << 20

// send is the bare form: one request.
type send struct {
	app *app
	net network
	instead
	har recording

	asForm    bool
	multi     bool
	boundary  string
	raw       string
	verbose   bool
	output    string
	print     string
	noFollow  bool
	redirects int
	check     bool
	noCheck   bool
	secrets   bool
}

// bare is the bare form.
type bare struct {
	send

	ignoreStdin bool
	// version is --version. Cobra has its own, which draws in text/template, and with
	// that every method of every type.
	version bool
}

// sendCommand makes the root command.
func sendCommand(a *app) *cobra.Command {
	s := &bare{send: send{app: a, net: newNetwork(a)}}
	cmd := &cobra.Command{
		Use:     "aiolos [METHOD] URL [ITEM...]",
		Short:   "An HTTP client",
		Long:    longHelp,
		Example: examples,
		Args:    cobra.ArbitraryArgs,
		RunE:    s.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	s.bodyFlags(f)
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print the heads of requests and responses too (--print=HBhb, each redirect included)")
	f.StringVarP(&s.output, "output", "o", "", "write the body to this file; - is standard output")
	f.StringVar(&s.print, "print", "", "what to print: H, B request head and body, h, b those of the response, m times")
	f.BoolVar(&s.noFollow, "no-follow", false, "do not follow redirects")
	f.IntVar(&s.redirects, "max-redirects", defaultRedirects, "how many redirects to follow")
	f.BoolVar(&s.check, "check", true, "exit with 3, 4 or 5 for a status of 3xx, 4xx or 5xx")
	f.BoolVar(&s.noCheck, "no-check", false, "exit with 0 whatever the status is")
	f.BoolVar(&s.secrets, "show-secrets", false, "print credentials and cookies as they are")
	f.BoolVar(&s.ignoreStdin, "ignore-stdin", false, "take no body from standard input for POST, PUT and PATCH")
	s.net.flags(cmd)
	s.instead.flags(cmd)
	s.har.flags(cmd)
	f.BoolVar(&s.version, "version", false, "print the version")
	return cmd
}

// bodyFlags adds the flags that say what the fields become.
func (s *send) bodyFlags(f *pflag.FlagSet) {
	f.BoolVarP(&s.asForm, "form", "f", false, "send the fields as a form, not as JSON")
	f.BoolVar(&s.multi, "multipart", false, "send the fields as a multipart form, as with a file (NAME@FILE)")
	f.StringVar(&s.boundary, "boundary", "", "what separates the parts of a multipart form (default random)")
	f.StringVar(&s.raw, "raw", "", "send this text as the body")
}

// run sends the request and prints what came of it.
func (s *bare) run(cmd *cobra.Command, args []string) error {
	if done, err := s.app.helped(cmd); done {
		return err
	}
	if s.version {
		return printVersion(s.app.Out)
	}
	if len(args) == 0 && cmd.Flags().NFlag() == 0 {
		fmt.Fprint(s.app.Err, briefHelp)
		s.app.code = exitcode.Usage
		return nil
	}
	target, req, err := s.read(cmd, args)
	if err != nil {
		return usage(err)
	}
	if err := s.takePipedBody(cmd.Context(), target.Written, req); err != nil {
		return err
	}
	options, body, err := s.options(req)
	if err != nil {
		return usage(err)
	}
	if body != nil {
		defer body.Close()
	}
	j := job{method: target.Method, url: target.URL, options: options, req: req}
	if s.any() {
		return s.printInstead(cmd.Context(), j)
	}
	return s.exchange(cmd.Context(), j)
}

// read makes the request of the command line.
func (s *send) read(cmd *cobra.Command, args []string) (syntax.Target, *syntax.Request, error) {
	if err := s.single(false); err != nil {
		return syntax.Target{}, nil, err
	}
	target, err := syntax.Split(args)
	if err != nil {
		return target, nil, err
	}
	mode := syntax.Mode{Form: s.asForm, Multipart: s.multi}
	if cmd.Flags().Changed("raw") {
		mode.Raw = &s.raw
	}
	if err := checkPrint(s.print); err != nil {
		return target, nil, err
	}
	req, err := syntax.Build(target.Items, mode, readFile)
	if err != nil {
		return target, nil, err
	}
	target.Written = target.Method
	if target.Method == "" {
		target.Method = req.Method()
	}
	return target, req, nil
}

// options translates the request for the library. What is returned as body is
// to be closed after the request.
func (s *send) options(req *syntax.Request) (options []session.Option, body io.Closer, err error) {
	redirects := session.Redirects(s.redirects)
	if s.noFollow {
		redirects = session.NoRedirects()
	}
	options = append(options, redirects)
	contentType := req.ContentType
	switch {
	case req.BodyFile != "":
		var reader io.Reader
		if reader, body, err = s.open(req.BodyFile); err != nil {
			return nil, nil, err
		}
		options = append(options, session.Body(reader))
		if contentType == "" {
			contentType = mime.TypeByExtension(filepath.Ext(req.BodyFile))
		}
	case req.HasBody:
		options = append(options, session.Bytes(req.Body))
	case len(req.Parts) > 0:
		return s.formOptions(req, options)
	}
	if contentType != "" && !slices.ContainsFunc(req.Headers, isContentType) {
		options = append(options, session.Header("Content-Type", contentType))
	}
	return append(options, s.net.itemOptions(req)...), body, nil
}

// formOptions are the options of a request whose body is a multipart form.
func (s *send) formOptions(req *syntax.Request, options []session.Option) ([]session.Option, io.Closer, error) {
	body, contentType, err := s.multipart(req.Parts, typeItem(req.Headers))
	if err != nil {
		return nil, nil, err
	}
	options = append(append(options, body), s.net.itemOptions(req)...)
	if contentType != "" {
		options = append(options, session.Header("Content-Type", contentType))
	}
	return options, nil, nil
}

// isContentType reports whether an item sets or unsets the content type.
func isContentType(h syntax.HeaderItem) bool {
	return strings.EqualFold(h.Name, "Content-Type")
}

// open opens the whole body.
func (s *send) open(name string) (io.Reader, io.Closer, error) {
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
	if s.app.InTTY {
		s.app.notice("reading the body from the terminal, up to its end (ctrl-D)")
	}
	return s.app.In, nil, nil
}

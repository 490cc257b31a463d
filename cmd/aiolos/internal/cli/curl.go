package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/items"
)

// curl is "aiolos curl".
type curl struct {
	send

	translate bool
}

// curlCommand makes "aiolos curl".
func (a *app) curlCommand() *cobra.Command {
	c := &curl{send: send{app: a}}
	cmd := &cobra.Command{
		Use:     "curl 'curl ...'",
		Short:   "Run a curl command, for example one that a browser has copied",
		Long:    curlHelp,
		Example: curlExamples,
		RunE:    c.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&c.translate, "print", false, "send nothing: print the command line of aiolos that does the same")
	f.BoolVar(&c.secrets, "show-secrets", false, "print credentials and cookies as they are")
	c.instead.flags(cmd)
	c.har.flags(cmd)
	return cmd
}

// run reads the command and sends its request.
func (c *curl) run(cmd *cobra.Command, args []string) error {
	if done, err := c.app.helped(cmd); done {
		return err
	}
	if err := c.single(c.translate); err != nil {
		return usage(err)
	}
	r, err := c.parse(args)
	if err != nil {
		return usage(err)
	}
	if c.translate {
		text, err := c.plain(r).Items()
		return c.printText(text, err)
	}
	if r.URL, err = expandCurl(r.URL); err != nil {
		return err
	}
	options, body, err := c.options(r)
	if err != nil {
		return usage(err)
	}
	if body != nil {
		defer body.Close()
	}
	c.output, c.verbose, c.check = r.Output, r.Verbose, r.Fail
	if r.Include && !r.Verbose {
		c.send.print = "hb"
	}
	j := job{
		method: r.Method, url: r.URL, options: options, asked: r, unix: r.Unix,
		req: &items.Request{Body: r.Body, BodyFile: r.BodyFile, HasBody: r.HasBody},
	}
	if c.any() {
		return c.printInstead(cmd.Context(), j)
	}
	err = c.exchange(cmd.Context(), j)
	if c.app.code == exitcode.Status3xx { // to curl -f only 400 and more is a failure
		c.app.code = exitcode.OK
	}
	return err
}

// parse reads the command: one argument that is all of it, or - for standard
// input, or its words.
func (c *curl) parse(args []string) (*curlconv.Request, error) {
	switch {
	case len(args) == 0:
		return nil, errors.New("missing curl command; put it between single quotes, or give - and pipe it in")
	case len(args) > 1:
		return curlconv.Parse(args, c.readFile)
	case args[0] != "-":
		return curlconv.ParseLine(args[0], c.readFile)
	}
	line, err := io.ReadAll(io.LimitReader(c.app.In, maxFile))
	if err != nil {
		return nil, err
	}
	return curlconv.ParseLine(string(line), c.readFile)
}

// readFile reads a file of the command; - is standard input.
func (c *curl) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.app.In, maxFile))
	}
	return readFile(name)
}

// expandCurl completes a URL as curl does: without a scheme it is http.
func expandCurl(raw string) (string, error) {
	if strings.Contains(raw, "://") {
		return expand(raw)
	}
	return "http://" + raw, nil
}

// options translates the request for the library. What is returned as closer is
// to be closed after the request.
func (c *curl) options(r *curlconv.Request) (options []session.Option, closer io.Closer, err error) {
	options = append(headers(r), wishes(r)...)
	switch {
	case r.BodyFile != "":
		reader, file, err := c.open(r.BodyFile)
		if err != nil {
			return nil, nil, err
		}
		options, closer = append(options, session.Body(reader)), file
	case r.HasBody:
		options = append(options, session.Bytes(r.Body))
	case len(r.Parts) > 0:
		options = append(options, session.FormData(c.form(r.Parts)))
	}
	// Last, so that it counts for the type that a body brings along.
	return append(options, skipped(r)), closer, nil
}

// headers are the options for headers and credentials.
func headers(r *curlconv.Request) []session.Option {
	var options []session.Option
	for _, h := range r.Headers {
		switch {
		case h.Unset, r.Compressed && strings.EqualFold(h.Name, "Accept-Encoding"):
		default:
			options = append(options, session.AddHeader(h.Name, h.Value))
		}
	}
	if login, password, ok := strings.Cut(r.Login, ":"); ok {
		options = append(options, session.BasicAuth(login, password))
	}
	return options
}

// skipped leaves out the headers that the command leaves out, and those that
// curl does not send by itself.
func skipped(r *curlconv.Request) session.Option {
	names := gosrc.Skipped(r)
	return session.SkipHeader(names...)
}

// wishes are the options for redirects, timeouts, TLS and the way to the server.
func wishes(r *curlconv.Request) []session.Option {
	options := []session.Option{session.NoRedirects()}
	switch {
	case r.Follow && r.MaxRedirects == 0:
		options[0] = session.Redirects(curlRedirects)
	case r.Follow && r.MaxRedirects < 0:
		options[0] = session.Redirects(gosrc.Unlimited)
	case r.Follow:
		options[0] = session.Redirects(r.MaxRedirects)
	}
	total := r.Timeout
	if total == 0 {
		total = -1 // curl has no limit
	}
	options = append(options, session.Timeouts(session.ClientTimeout{Total: total, Connect: r.Connect}))
	if r.Insecure {
		options = append(options, session.Insecure())
	}
	if r.Proxy != "" {
		options = append(options, session.Proxy(gosrc.ProxyURL(r.Proxy)))
	}
	if i := slices.Index([]string{"1.0", "1.1", "2"}, r.Version); i >= 0 {
		v := [][2]int{{1, 0}, {1, 1}, {2, 0}}[i]
		options = append(options, session.Version(v[0], v[1]))
	}
	return options
}

// curlRedirects is how many redirects curl follows with -L.
const curlRedirects = 50

// form makes the form of -F.
func (c *curl) form(parts []curlconv.Part) *form.Form {
	f := form.New().Multipart()
	for _, p := range parts {
		var options []form.PartOption
		if p.Type != "" {
			options = append(options, form.ContentType(p.Type))
		}
		if p.As != "" {
			options = append(options, form.FileName(p.As))
		}
		switch p.File {
		case "":
			f.Field(p.Name, p.Value, options...)
		case "-":
			f.Reader(p.Name, c.app.In, options...)
		default:
			f.File(p.Name, p.File, options...)
		}
	}
	return f
}

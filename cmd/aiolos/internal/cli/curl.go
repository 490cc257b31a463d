package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// curl is "aiolos curl".
type curl struct {
	send

	translate bool
}

// curlCommand makes "aiolos curl".
func curlCommand(a *app) *cobra.Command {
	c := &curl{send: send{app: a, net: newBareNetwork(a, 0)}}
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
		method: r.Method, url: r.URL, options: options, asked: r,
		req: &syntax.Request{Body: r.Body, BodyFile: r.BodyFile, HasBody: r.HasBody, Parts: r.Parts},
	}
	c.way(r)
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
		return curlconv.Parse(args, c.app.readFileOrInput)
	case args[0] != "-":
		return curlconv.ParseLine(args[0], c.app.readFileOrInput)
	}
	line, err := c.app.readInput()
	if err != nil {
		return nil, err
	}
	return curlconv.ParseLine(string(line), c.app.readFileOrInput)
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
	contentType := ""
	if len(r.Parts) > 0 {
		given, _ := r.Header("Content-Type")
		var body session.Option
		if body, contentType, err = c.multipart(r.Parts, given); err != nil {
			return nil, nil, err
		}
		options = append(options, body)
	}
	options = append(options, headers(r)...)
	if contentType != "" {
		options = append(options, session.Header("Content-Type", contentType))
	}
	options = append(options, wishes(r)...)
	switch {
	case r.BodyFile != "":
		reader, file, err := c.open(r.BodyFile)
		if err != nil {
			return nil, nil, err
		}
		options, closer = append(options, session.Body(reader)), file
	case r.HasBody:
		options = append(options, session.Bytes(r.Body))
	}
	// Last, so that it counts for the type that a body brings along.
	return append(options, skipped(r)), closer, nil
}

// headers are the options for headers and credentials.
func headers(r *curlconv.Request) []session.Option {
	var options []session.Option
	for _, h := range r.Headers {
		switch {
		case len(r.Parts) > 0 && strings.EqualFold(h.Name, "Content-Type"):
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

// way says how the server is reached.
func (c *curl) way(r *curlconv.Request) {
	c.net.proxy, c.net.unix, c.net.http2, c.net.retry = r.Proxy, r.Unix, r.OnlyHTTP2, r.Retry
	c.net.notice, c.net.everyMethod = c.app.notice, true
	if r.NoProxy {
		c.net.proxy = noProxy
	}
	if !strings.Contains(r.Login, ":") {
		c.net.user = r.Login
	}
	for _, h := range r.Headers {
		c.net.learn([]syntax.HeaderItem{{Name: h.Name, Value: h.Value, Unset: h.Unset}})
	}
	r.Sensitive, r.TrustEnv = c.net.sensitive(), r.Unix == "" && c.net.proxy == ""
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
	if i := slices.Index([]string{"1.0", "1.1", "2"}, r.Version); i >= 0 {
		v := [][2]int{{1, 0}, {1, 1}, {2, 0}}[i]
		options = append(options, session.Version(v[0], v[1]))
	}
	return options
}

// curlRedirects is how many redirects curl follows with -L.
const curlRedirects = 50

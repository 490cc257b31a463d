// Package curl is "aiolos curl": it runs a curl command.
package curl

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// command is "aiolos curl".
type command struct {
	exchange.Sender

	translate bool
}

// New makes "aiolos curl".
func New(a *app.App) *cobra.Command {
	c := &command{Sender: exchange.Sender{App: a, Net: flags.NewBareNetwork(a, 0)}}
	cmd := app.NewCommand("curl 'curl ...'", "Run a curl command, for example one that a browser has copied", help, examples, c.run)
	f := cmd.Flags()
	f.BoolVar(&c.translate, "print", false, "send nothing: print the command line of aiolos that does the same")
	f.BoolVar(&c.ShowSecrets, "show-secrets", false, "print credentials and cookies as they are")
	c.AddLookFlags(cmd)
	c.Print.AddFlags(cmd)
	c.HAR.AddFlags(cmd)
	return cmd
}

// run reads the command and sends its request.
func (c *command) run(cmd *cobra.Command, args []string) error {
	if err := cmp.Or(c.CheckSingle(c.translate), c.CheckLooks()); err != nil {
		return exitcode.AsUsage(err)
	}
	r, err := c.parseCommand(args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if r.URL, err = expandURL(r.URL); err != nil {
		return err
	}
	c.Net.NoNetrc, r.NoNetrc = !r.Netrc, !r.Netrc
	if c.translate || c.PrintsOnly() {
		c.NoticeUseless(cmd.Flags())
	}
	if c.translate {
		text, err := c.HideSecrets(r).Items()
		return c.PrintText(text, err)
	}
	options, body, err := c.requestOptions(r)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if body != nil {
		defer body.Close()
	}
	c.Output, c.Verbose, c.CheckStatus, c.NoErrorPage = r.Output, r.Verbose, r.Fail, r.Fail && !r.FailBody
	c.RedirectOK, c.FailBody = true, r.FailBody // to curl -f only 400 and more is a failure
	if r.KeepMethod {
		c.App.Notice("curl -X %s sends it again after each redirect; aiolos follows as browsers do", r.Method)
	}
	if r.Include && !r.Verbose {
		c.Sender.PrintParts = "hb"
	}
	j := exchange.Job{
		Method: r.Method, URL: r.URL, Options: options, Asked: r,
		Request: &syntax.Request{Body: r.Body, BodyFile: r.BodyFile, HasBody: r.HasBody, Parts: r.Parts},
	}
	c.applyRoute(r)
	if c.PrintsOnly() {
		return c.PrintRequest(cmd.Context(), j)
	}
	return c.Send(cmd.Context(), j)
}

// parseCommand reads the command: one argument that is all of it, or - for standard
// input, or its words.
func (c *command) parseCommand(args []string) (*curlconv.Request, error) {
	switch {
	case len(args) == 0:
		return nil, errors.New("missing curl command; put it between single quotes, or give - and pipe it in")
	case len(args) > 1:
		return curlconv.Parse(args, c.App.ReadFileOrInput)
	case args[0] != "-":
		return curlconv.ParseLine(args[0], c.App.ReadFileOrInput)
	}
	line, err := c.App.ReadInput()
	if err != nil {
		return nil, err
	}
	return curlconv.ParseLine(string(line), c.App.ReadFileOrInput)
}

// expandURL completes a URL as curl does: without a scheme it is http.
func expandURL(raw string) (string, error) {
	if strings.Contains(raw, "://") {
		return flags.ExpandURL(raw)
	}
	return syntax.AddScheme(raw), nil
}

// requestOptions translates the request for the library. What is returned as closer is
// to be closed after the request.
func (c *command) requestOptions(r *curlconv.Request) (options []session.Option, closer io.Closer, err error) {
	contentType := ""
	if len(r.Parts) > 0 {
		given, _ := r.Header("Content-Type")
		var body session.Option
		if body, contentType, err = c.Multipart(r.Parts, given); err != nil {
			return nil, nil, err
		}
		options = append(options, body)
	}
	options = append(options, exchange.HeaderOptions(r)...)
	if contentType != "" {
		options = append(options, session.Header("Content-Type", contentType))
	}
	options = append(options, limitOptions(r)...)
	switch {
	case r.BodyFile != "":
		reader, file, err := c.OpenBody(r.BodyFile)
		if err != nil {
			return nil, nil, err
		}
		options, closer = append(options, session.Body(reader)), file
	case r.HasBody:
		options = append(options, session.Bytes(r.Body))
	}
	// Last, so that it counts for the type that a body brings along.
	return append(options, session.SkipHeader(r.SkippedHeaders()...)), closer, nil
}

// applyRoute says how the server is reached.
func (c *command) applyRoute(r *curlconv.Request) {
	c.Net.Proxy, c.Net.Unix, c.Net.HTTP2, c.Net.Retry = r.Proxy, r.Unix, r.OnlyHTTP2, r.Retry
	c.Net.Notice, c.Net.EveryMethod = c.App.Notice, true
	if r.NoProxy {
		c.Net.Proxy = flags.NoProxy
	}
	c.Net.TLSFiles = flags.TLSFiles{Cert: r.Cert, Key: r.Key, CACert: r.CACert}
	c.Net.ConnectTo, c.Net.Resolve = r.ConnectTo, r.Resolve
	if !strings.Contains(r.Login, ":") || r.Digest {
		c.Net.User = r.Login
	}
	if r.Digest {
		c.Net.Kind = flags.Digest
	}
	for _, h := range r.Headers {
		c.Net.NoteHeaders([]syntax.HeaderItem{{Name: h.Name, Value: h.Value, Unset: h.Unset}})
	}
	r.Sensitive, r.TrustEnv = c.Net.SensitiveHeaders(), r.Unix == "" && c.Net.Proxy == ""
}

// limitOptions are the options for redirects, timeouts, TLS and the way to the server.
func limitOptions(r *curlconv.Request) []session.Option {
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

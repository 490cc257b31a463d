package curlconv

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/session/curl"
)

// Curl returns a curl command that sends the request, as [curl.Command.Text] writes it.
// Read again by [Parse] it gives the same request. The error is for a body that no
// command line can hold: write it into a file.
func (r *Request) Curl() (string, error) {
	c := r.command()
	r.curlFlags(func(words ...string) { c.Options = append(c.Options, words) })
	text, err := c.Text()
	if err != nil {
		return "", fmt.Errorf("curl: %w: put the body into a file", curl.ErrNUL)
	}
	return text, nil
}

// command is the request without what is not the request's own.
func (r *Request) command() *curl.Command {
	return &curl.Command{
		Method: r.Method, URL: r.URL, Headers: r.Headers, Login: r.Login,
		Body: r.Body, BodyFile: r.BodyFile, HasBody: r.HasBody, Parts: r.Parts,
	}
}

// curlFlags adds the options for the rest.
func (r *Request) curlFlags(add func(...string)) {
	for _, o := range []struct {
		is   bool
		name string
	}{
		{r.Compressed, "--compressed"},
		{r.Follow, "-L"},
		{r.Digest, "--digest"},
		{r.Insecure, "-k"},
		{r.Include, "-i"},
		{r.Verbose, "-v"},
		{r.Fail && !r.FailBody, "-f"},
		{r.FailBody, "--fail-with-body"},
		{r.Netrc, "-n"},
		{r.Version == "1.0", "--http1.0"},
		{r.Version == "1.1", "--http1.1"},
		{r.Version == "2" && !r.OnlyHTTP2, "--http2"},
		{r.OnlyHTTP2, "--http2-prior-knowledge"},
	} {
		if o.is {
			add(o.name)
		}
	}
	if r.Follow && r.MaxRedirects != 0 {
		add("--max-redirs", strconv.Itoa(r.MaxRedirects))
	}
	if r.NoProxy {
		add("--noproxy", "*")
	}
	for _, o := range r.valuedOptions() {
		add(o.curl, o.value)
	}
}

// valuedOption is an option with a value that both programs have.
type valuedOption struct{ curl, aiolos, value string }

// valuedOptions are those of the request.
func (r *Request) valuedOptions() []valuedOption {
	var all []valuedOption
	for _, text := range r.ConnectTo {
		all = append(all, valuedOption{"--connect-to", "--connect-to", text})
	}
	for _, text := range r.Resolve {
		all = append(all, valuedOption{"--resolve", "--resolve", text})
	}
	for _, o := range []valuedOption{
		{"-x", "--proxy", r.Proxy},
		{"--unix-socket", "--unix", r.Unix},
		{"--cert", "--cert", r.Cert},
		{"--key", "--key", r.Key},
		{"--cacert", "--cacert", r.CACert},
		{"-o", "-o", r.Output},
		{"-m", "--timeout", inSeconds(r.Timeout)},
		{"--connect-timeout", "--connect-timeout", inSeconds(r.Connect)},
		{"--retry", "--retry", r.retryArgument()},
	} {
		if o.value != "" {
			all = append(all, o)
		}
	}
	return all
}

// retryArgument is the argument of --retry. Ours sends only again what may be sent twice,
// and curl everything.
func (r *Request) retryArgument() string {
	if r.Retry == 0 || !r.isIdempotent() {
		return ""
	}
	return strconv.Itoa(r.Retry)
}

// inSeconds writes a timeout as curl reads it; zero is nothing.
func inSeconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return strconv.FormatFloat(d.Round(time.Millisecond).Seconds(), 'f', -1, 64)
}

// quoteWord writes a word for a shell, or says what to do if there is no way.
func quoteWord(word string) (string, error) {
	quoted, err := curl.Quote(word)
	if err != nil {
		return "", fmt.Errorf("curl: %w: put the body into a file", err)
	}
	return quoted, nil
}

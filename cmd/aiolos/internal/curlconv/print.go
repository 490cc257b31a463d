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
	for _, text := range r.ConnectTo {
		add("--connect-to", text)
	}
	for _, text := range r.Resolve {
		add("--resolve", text)
	}
	if r.Follow && r.MaxRedirects != 0 {
		add("--max-redirs", strconv.Itoa(r.MaxRedirects))
	}
	for _, o := range []struct{ name, value string }{
		{"-x", r.Proxy},
		{"--noproxy", noProxyArgument(r.NoProxy)},
		{"--unix-socket", r.Unix},
		{"--cert", r.Cert},
		{"--key", r.Key},
		{"--cacert", r.CACert},
		{"-o", r.Output},
		{"-m", inSeconds(r.Timeout)},
		{"--connect-timeout", inSeconds(r.Connect)},
		{"--retry", r.retryArgument()},
	} {
		if o.value != "" {
			add(o.name, o.value)
		}
	}
}

// retryArgument is the argument of --retry. Ours sends only again what may be sent twice,
// and curl everything.
func (r *Request) retryArgument() string {
	if r.Retry == 0 || !r.isIdempotent() {
		return ""
	}
	return strconv.Itoa(r.Retry)
}

// noProxyArgument is the argument of --noproxy.
func noProxyArgument(none bool) string {
	if none {
		return "*"
	}
	return ""
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

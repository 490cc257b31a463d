package curlconv

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/shellword"
)

// Curl returns a curl command that sends the request, one option a line, quoted
// for a shell ([shellword.Quote]). Read again by [Parse] it gives the same request. The error is for a
// body that no command line can hold: write it into a file.
func (r *Request) Curl() (string, error) {
	lines := [][]string{{"curl"}}
	add := func(words ...string) { lines = append(lines, words) }
	if r.Method == http.MethodHead && !r.hasBody() {
		add("-I")
	} else if r.Method != r.impliedMethod() {
		add("-X", r.Method)
	}
	if strings.ContainsAny(r.URL, `[]{}\`) {
		add("-g")
	}
	add("--url", r.URL)
	for i, h := range r.Headers {
		// The type that curl sets by itself, and takes back after a redirect.
		if i < len(r.Headers)-1 || !r.HasBody || r.BodyFile != "" || h != formType() {
			add("-H", headerLine(h))
		}
	}
	if r.Login != "" {
		add("-u", r.Login)
	}
	r.curlBody(add)
	r.curlFlags(add)
	var b strings.Builder
	for i, words := range lines {
		for j, word := range words {
			quoted, err := quoteWord(word)
			if err != nil {
				return "", err
			}
			switch {
			case j > 0, i == 1:
				b.WriteByte(' ')
			case i > 1:
				b.WriteString(" \\\n  ")
			}
			b.WriteString(quoted)
		}
	}
	return b.String(), nil
}

// formType is the content type that -d brings along.
func formType() Header {
	return Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}
}

// hasBody reports whether there is a body of any kind.
func (r *Request) hasBody() bool { return r.HasBody || len(r.Parts) > 0 }

// impliedMethod is the method that curl takes when none is given.
func (r *Request) impliedMethod() string {
	if r.hasBody() {
		return http.MethodPost
	}
	return http.MethodGet
}

// headerLine writes a header as -H wants it.
func headerLine(h Header) string {
	switch {
	case h.Unset:
		return h.Name + ":"
	case h.Value == "":
		return h.Name + ";"
	}
	return h.Name + ": " + h.Value
}

// curlBody adds the options for the body.
func (r *Request) curlBody(add func(...string)) {
	switch {
	case r.BodyFile != "":
		r.suppressContentType(add)
		add("--data-binary", "@"+r.BodyFile)
	case r.HasBody:
		r.suppressContentType(add)
		add("--data-raw", string(r.Body))
	}
	for _, p := range r.Parts {
		switch {
		case p.File == "" && p.Type == "" && p.As == "":
			add("--form-string", p.Name+"="+p.Value)
			continue
		case p.File == "":
			add("-F", p.Name+"="+formQuote(p.Value)+partParams(p))
		default:
			add("-F", p.Name+"=@"+formQuote(p.File)+partParams(p))
		}
	}
}

// suppressContentType keeps curl from setting a content type of its own.
func (r *Request) suppressContentType(add func(...string)) {
	if !r.mentionsHeader("Content-Type") {
		add("-H", "Content-Type:")
	}
}

// partParams writes what follows a part's value.
func partParams(p Part) string {
	s := ""
	if p.Type != "" {
		s += ";type=" + p.Type
	}
	if p.As != "" {
		s += ";filename=" + formQuote(p.As)
	}
	return s
}

// formQuote puts a value of a part between quotes.
func formQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// curlFlags adds the options for the rest.
func (r *Request) curlFlags(add func(...string)) {
	for _, o := range []struct {
		is   bool
		name string
	}{
		{r.Compressed, "--compressed"},
		{r.Follow, "-L"},
		{r.Insecure, "-k"},
		{r.Include, "-i"},
		{r.Verbose, "-v"},
		{r.Fail && !r.FailBody, "-f"},
		{r.FailBody, "--fail-with-body"},
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
	for _, o := range []struct{ name, value string }{
		{"-x", r.Proxy},
		{"--noproxy", noProxyArgument(r.NoProxy)},
		{"--unix-socket", r.Unix},
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
	if r.Retry == 0 || !r.Idempotent() {
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
	quoted, err := shellword.Quote(word)
	if err != nil {
		return "", fmt.Errorf("curl: %w: put the body into a file", err)
	}
	return quoted, nil
}

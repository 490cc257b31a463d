package curlconv

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Curl returns a curl command that sends the request, one option a line, quoted
// for bash. Read again by [Parse] it gives the same request. The error is for a
// body that no command line can hold: write it into a file.
func (r *Request) Curl() (string, error) {
	lines := [][]string{{"curl"}}
	add := func(words ...string) { lines = append(lines, words) }
	if r.Method == http.MethodHead && !r.hasBody() {
		add("-I")
	} else if r.Method != r.implied() {
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
			quoted, err := Quote(word)
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

// implied is the method that curl takes when none is given.
func (r *Request) implied() string {
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
		r.noType(add)
		add("--data-binary", "@"+r.BodyFile)
	case r.HasBody:
		r.noType(add)
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

// noType keeps curl from setting a content type of its own.
func (r *Request) noType(add func(...string)) {
	if !r.mentions("Content-Type") {
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
		{r.Fail, "-f"},
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
		{"--noproxy", noProxy(r.NoProxy)},
		{"--unix-socket", r.Unix},
		{"-o", r.Output},
		{"-m", inSeconds(r.Timeout)},
		{"--connect-timeout", inSeconds(r.Connect)},
		{"--retry", r.retries()},
	} {
		if o.value != "" {
			add(o.name, o.value)
		}
	}
}

// retries is the argument of --retry. Ours sends only again what may be sent twice,
// and curl everything.
func (r *Request) retries() string {
	if r.Retry == 0 || !r.Idempotent() {
		return ""
	}
	return strconv.Itoa(r.Retry)
}

// noProxy is the argument of --noproxy.
func noProxy(none bool) string {
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

// Quote returns a word as bash reads it. Words with control characters, or that
// are not UTF-8, become $'…'.
func Quote(word string) (string, error) {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,="
	switch {
	case strings.IndexByte(word, 0) >= 0:
		return "", errors.New("curl: no command line can hold a NUL character: put the body into a file")
	case word != "" && strings.Trim(word, plain) == "":
		return word, nil
	case printable(word):
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'", nil
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		text := word[i : i+n]
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\\' || r == '\'':
			b.WriteString(`\` + text)
		case unsafe(r, n):
			for _, c := range []byte(text) {
				// Three digits, always: a digit that follows is none of them.
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteString(text)
		}
		i += n
	}
	return b.String() + "'", nil
}

// printable reports whether a word can stand between quotes as it is.
func printable(word string) bool {
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		if unsafe(r, n) {
			return false
		}
		i += n
	}
	return true
}

// unsafe reports whether a terminal may act on r, which took n bytes, or turns
// the direction of writing with it.
func unsafe(r rune, n int) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == utf8.RuneError && n == 1:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0x2028 && r <= 0x2029:
		return true
	}
	return r == 0x200e || r == 0x200f || r == 0x061c
}

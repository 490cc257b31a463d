package curl

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// Command is what a curl command asks for. At most one of Body, BodyFile and Parts is
// there.
type Command struct {
	Method  string // "" is GET, or POST with a body
	URL     string `print:"url"`
	Headers []Header
	Login   string `print:"-"` // user:password for -u; "": none

	Body     []byte
	BodyFile string // its name; "-" is standard input
	HasBody  bool   // Body or BodyFile, be it empty
	Parts    []Part // of a multipart form

	// Options are further options with their arguments, such as {"-m", "5"}, which
	// come last.
	Options [][]string `print:"-"`
}

// Header is one header of a request. Unset leaves out one that curl sets by itself.
type Header struct {
	Name  string
	Value string `print:"-"`
	Unset bool
}

// Part is one part of a multipart form: a text, or a file.
type Part struct {
	Name  string
	Value string `print:"-"` // the text, if File is empty
	File  string // its name; "-" is standard input
	Type  string // content type; empty leaves it to curl
	As    string // file name that is told; empty is that of File
}

// Text returns the command, one option a line, quoted for a shell ([Quote]). The error is
// an [errors.InvalidRequestError] for what no command line can hold: a body with a NUL
// character, which has to be written into a file, or a part whose name has an equals
// sign, behind which curl would look for a file.
func (c *Command) Text() (string, error) {
	for _, p := range c.Parts {
		if strings.Contains(p.Name, "=") {
			return "", &errors.InvalidRequestError{Field: "curl", Reason: "no command can name a part with an equals sign"}
		}
	}
	var b strings.Builder
	for i, words := range c.lines() {
		for j, word := range words {
			quoted, err := Quote(word)
			if err != nil {
				return "", &errors.InvalidRequestError{Field: "curl", Reason: "put the body into a file", Err: err}
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

// lines are the words of the command, each option with its argument.
func (c *Command) lines() [][]string {
	lines := [][]string{{"curl"}}
	add := func(words ...string) { lines = append(lines, words) }
	if c.Method == http.MethodHead && !c.hasBody() {
		add("-I")
	} else if c.Method != "" && c.Method != c.ImpliedMethod() {
		add("-X", c.Method)
	}
	if strings.ContainsAny(c.URL, `[]{}\`) {
		add("-g")
	}
	if hasDotSegment(c.URL) {
		add("--path-as-is")
	}
	add("--url", c.URL)
	for i, h := range c.Headers {
		// The type that curl sets by itself, and takes back after a redirect.
		if i < len(c.Headers)-1 || !c.HasBody || c.BodyFile != "" || h != FormType() {
			add("-H", headerLine(h))
		}
	}
	if c.Login != "" {
		add("-u", c.Login)
	}
	c.addBody(add)
	return append(lines, c.Options...)
}

// hasDotSegment reports whether curl would change the path of a URL: it takes the segments
// . and .. away (RFC 3986, 5.2.4), and newer versions percent-encoded ones too.
func hasDotSegment(url string) bool {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	segments := strings.Split(url, "/")
	return slices.ContainsFunc(segments[1:], func(segment string) bool {
		dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		return dots == "." || dots == ".."
	})
}

// FormType is the content type that -d and --data-raw bring along.
func FormType() Header {
	return Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}
}

// hasBody reports whether there is a body of any kind.
func (c *Command) hasBody() bool { return c.HasBody || len(c.Parts) > 0 }

// ImpliedMethod is the method that curl takes when none is given: POST with a body, else
// GET.
func (c *Command) ImpliedMethod() string {
	if c.hasBody() {
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

// addBody adds the options for the body.
func (c *Command) addBody(add func(...string)) {
	switch {
	case c.BodyFile != "":
		c.suppressContentType(add)
		add("--data-binary", "@"+c.BodyFile)
	case c.HasBody:
		c.suppressContentType(add)
		add("--data-raw", string(c.Body))
	}
	for _, p := range c.Parts {
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
func (c *Command) suppressContentType(add func(...string)) {
	for _, h := range c.Headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			return
		}
	}
	add("-H", "Content-Type:")
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

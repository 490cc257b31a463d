package curlconv

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/curl"
	"golang.org/x/net/http/httpguts"
)

// ReadFile returns the content of a file that the command names for its body.
type ReadFile func(name string) ([]byte, error)

// parser reads the words of one command.
type parser struct {
	req         *Request
	read        ReadFile
	pieces      []string // of -d and its kin
	query       []string // of --url-query
	form        bool     // some piece makes the body a form
	jsonBody    bool
	get, head   bool
	put         bool // -T
	globOff     bool
	remoteName  bool
	noRedirects bool
	pathAsIs    bool
	autoReferer bool
	ownMethod   bool     // -X
	options     []Header // of options that stand for a header, each once
}

// Parse reads the words of a curl command, of which the first is curl itself.
// Files that -d and --data-urlencode name are read by read; those that are sent
// as they are stay names. Every error says what is wrong with the command in one
// line.
func Parse(words []string, read ReadFile) (*Request, error) {
	if len(words) > 0 && words[0] == "$" { // a prompt that was copied too
		words = words[1:]
	}
	if len(words) == 0 || !isCurl(words[0]) {
		return nil, errors.New("curl: the command does not begin with curl")
	}
	p := &parser{req: &Request{}, read: read}
	if err := p.parseWords(words[1:]); err != nil {
		return nil, err
	}
	return p.buildRequest()
}

// ParseLine is [Split] and [Parse].
func ParseLine(line string, read ReadFile) (*Request, error) {
	words, err := Split(line)
	if err != nil {
		return nil, err
	}
	return Parse(words, read)
}

// isCurl reports whether a word calls curl.
func isCurl(word string) bool {
	base := path.Base(strings.ReplaceAll(word, `\`, "/"))
	return base == "curl" || strings.EqualFold(base, "curl.exe")
}

// parseWords reads options and URLs in any order.
func (p *parser) parseWords(words []string) error {
	table := knownOptions()
	literal := false
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		var err error
		switch {
		case literal || word == "-" || !strings.HasPrefix(word, "-"):
			err = p.takeURL(word)
		case word == "--":
			literal = true
		case strings.HasPrefix(word, "--"):
			words, err = p.parseLong(table, word[2:], words)
		default:
			words, err = p.parseShort(table, word[1:], words)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseLong reads --name and its argument.
func (p *parser) parseLong(table []option, name string, words []string) ([]string, error) {
	for _, o := range table {
		if o.long == name {
			return p.applyOption(o, "--"+name, "", words)
		}
	}
	return nil, &UnsupportedError{What: fmt.Sprintf("option %q", "--"+name)}
}

// parseShort reads letters that may stand together; the argument of the last may
// follow without a space.
func (p *parser) parseShort(table []option, letters string, words []string) ([]string, error) {
letters:
	for i := range len(letters) {
		for _, o := range table {
			if o.short != letters[i] {
				continue
			}
			name := "-" + letters[i:i+1]
			if o.value != nil {
				return p.applyOption(o, name, letters[i+1:], words)
			}
			o.flag(p)
			continue letters
		}
		return nil, &UnsupportedError{What: fmt.Sprintf("option %q", "-"+letters[i:i+1])}
	}
	return words, nil
}

// applyOption applies an option. Its argument is arg or the next word.
func (p *parser) applyOption(o option, name, arg string, words []string) ([]string, error) {
	if o.value == nil {
		o.flag(p)
		return words, nil
	}
	if arg == "" {
		if len(words) == 0 {
			return nil, fmt.Errorf("curl: option %s has no argument", name)
		}
		arg, words = words[0], words[1:]
	}
	if err := o.value(p, arg); err != nil {
		if _, ok := errors.AsType[*UnsupportedError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("curl: option %s: %w", name, err)
	}
	return words, nil
}

// takeURL takes the URL.
func (p *parser) takeURL(arg string) error {
	switch {
	case arg == "":
		return errors.New("curl: the URL is empty")
	case p.req.URL != "":
		return &UnsupportedError{What: "more than one URL"}
	}
	p.req.URL = arg
	return nil
}

// takeMethod takes -X.
func (p *parser) takeMethod(arg string) error {
	if !httpguts.ValidHeaderFieldName(arg) { // a token (RFC 9110 5.6.2), as a method is
		return fmt.Errorf("%q is not a method", arg)
	}
	p.req.Method, p.ownMethod = arg, true
	return nil
}

// takeHeader takes -H: Name: value, Name: (leave it out), Name; (without a value).
func (p *parser) takeHeader(arg string) error {
	if strings.HasPrefix(arg, "@") {
		return &UnsupportedError{What: "a file of headers (-H @FILE)"}
	}
	name, value, ok := strings.Cut(arg, ":")
	if !ok {
		name, ok = strings.CutSuffix(arg, ";")
		if !ok {
			return errors.New("a header has a colon")
		}
		return p.addHeader(Header{Name: name})
	}
	if strings.HasPrefix(arg, ":") {
		// HTTP/2's own, such as ":authority: h", which old browsers copied.
		return nil
	}
	value = strings.TrimSpace(value)
	return p.addHeader(Header{Name: name, Value: value, Unset: value == ""})
}

// addHeader adds a header that is well-formed.
func (p *parser) addHeader(h Header) error {
	if err := CheckHeader(h); err != nil {
		return err
	}
	p.req.Headers = append(p.req.Headers, h)
	return nil
}

// CheckHeader refuses what cannot be sent.
func CheckHeader(h Header) error {
	if !httpguts.ValidHeaderFieldName(h.Name) {
		return errors.New("the name of a header has a character that it must not have")
	}
	if !httpguts.ValidHeaderFieldValue(h.Value) {
		return fmt.Errorf("the value of the header %s has a character that it must not have", h.Name)
	}
	return nil
}

// takeLogin takes -u.
func (p *parser) takeLogin(arg string) error {
	if arg == "" {
		return errors.New("no user")
	}
	p.req.Login = arg
	return nil
}

// buildRequest makes the request of what was collected.
func (p *parser) buildRequest() (*Request, error) {
	if p.req.URL == "" {
		return nil, errors.New("curl: the command has no URL")
	}
	if err := p.checkGlobs(); err != nil {
		return nil, err
	}
	if err := p.mergeHeaders(); err != nil {
		return nil, err
	}
	if err := p.buildBody(); err != nil {
		return nil, err
	}
	p.addQuery(p.query)
	p.addUploadName()
	if err := p.cleanURL(); err != nil {
		return nil, err
	}
	r := p.req
	if err := p.checkLength(); err != nil {
		return nil, err
	}
	if len(r.Parts) > 0 {
		r.Headers = slices.DeleteFunc(r.Headers, FormsOwn)
		if len(r.Headers) == 0 {
			r.Headers = nil
		}
	}
	if p.noRedirects {
		r.Follow = false
	}
	if !r.Follow {
		r.MaxRedirects = 0
	}
	if r.Follow && p.autoReferer {
		return nil, &UnsupportedError{What: "-e with ;auto", Why: "aiolos sets no Referer after a redirect"}
	}
	r.KeepMethod = r.Follow && p.ownMethod && r.Method != http.MethodGet && r.Method != http.MethodHead
	if p.remoteName && r.Output == "" {
		name := ""
		if u, err := parseURL(r.URL); err == nil {
			name = path.Base(u.Path)
		}
		// A name that the URL chose is visible, and in the present directory.
		if name == "" || name[0] == '.' || name[0] == '/' || !curl.Printable(name) || strings.Contains(name, `\`) {
			return nil, errors.New("curl: option -O: the URL has no file name")
		}
		if name[0] == '-' {
			name = "_" + name[1:] // as that of a download
		}
		r.Output = name
	}
	return r, nil
}

// checkGlobs takes the backslashes away that protect brackets and braces from curl,
// and refuses a URL that stands for several.
func (p *parser) checkGlobs() error {
	if p.globOff {
		return nil
	}
	if regexp.MustCompile(`(^|[^\\])(\{[^{}]*,[^{}]*\}|\[[0-9A-Za-z]+-[0-9A-Za-z]+(:[0-9]+)?\])`).MatchString(p.req.URL) {
		return &UnsupportedError{What: "a URL that stands for several"}
	}
	p.req.URL = regexp.MustCompile(`\\([][{}])`).ReplaceAllString(p.req.URL, "$1")
	return nil
}

// parseURL reads a URL as curl does, which takes http where there is no scheme.
func parseURL(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	return session.ParseURL(raw)
}

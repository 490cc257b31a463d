package curlconv

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/aiolos-http/aiolos/session/curl"
)

// takeData takes -d and --data-binary. @FILE is the content of a file, which -d
// takes without its line ends.
func (p *parser) takeData(arg string, trim bool) error {
	p.form = true
	name, ok := strings.CutPrefix(arg, "@")
	switch {
	case !ok:
		p.pieces = append(p.pieces, arg)
		return nil
	case name == "":
		return errors.New("@ without the name of a file")
	case !trim && len(p.pieces) == 0 && p.req.BodyFile == "":
		p.req.BodyFile = name
		return nil
	}
	data, err := p.read(name)
	if err != nil {
		return err
	}
	text := string(data)
	if trim {
		text = strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(text)
	}
	p.pieces = append(p.pieces, text)
	return nil
}

// takeRawData takes --data-raw.
func (p *parser) takeRawData(arg string) error {
	p.form = true
	p.pieces = append(p.pieces, arg)
	return nil
}

// takeJSON takes --json, which may come in pieces.
func (p *parser) takeJSON(arg string) error {
	form := p.form
	err := p.takeData(arg, false)
	p.form = form
	if err != nil {
		return err
	}
	if n := len(p.pieces); p.jsonBody && n > 1 { // pieces are joined without an ampersand
		p.pieces = append(p.pieces[:n-2], p.pieces[n-2]+p.pieces[n-1])
	}
	p.jsonBody = true
	return nil
}

// takeEncoded takes --data-urlencode and --url-query: content, =content,
// name=content, @file, name@file. Only the content is encoded, as a form is: curl writes
// a space as +.
func (p *parser) takeEncoded(to *[]string, arg string, raw bool) error {
	if raw {
		*to = append(*to, arg)
		return nil
	}
	name, content := "", arg
	if i := strings.IndexAny(arg, "=@"); i >= 0 {
		name, content = arg[:i], arg[i+1:]
		if arg[i] == '@' {
			data, err := p.read(content)
			if err != nil {
				return err
			}
			content = string(data)
		}
	}
	if name != "" {
		name += "="
	}
	*to = append(*to, name+url.QueryEscape(content))
	return nil
}

// takePart takes -F: name=content, name=@file, name=<file, with ;type= and
// ;filename= behind.
func (p *parser) takePart(arg string) error {
	name, value, ok := strings.Cut(arg, "=")
	if !ok {
		return errors.New("a part has an equals sign")
	}
	part := Part{Name: name}
	value, params := cutParams(value)
	for _, param := range params {
		key, v, _ := strings.Cut(param, "=")
		v = unquoteValue(strings.TrimSpace(v))
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "type":
			if _, _, err := mime.ParseMediaType(v); err != nil {
				return errors.New("the type of a part is not a media type")
			}
			part.Type = v
		case "filename":
			part.As = v
		default:
			return &UnsupportedError{What: "a part with more than type and filename"}
		}
	}
	switch {
	case strings.HasPrefix(value, "@"):
		part.File = unquoteValue(value[1:])
		if part.File == "" {
			return errors.New("@ without the name of a file")
		}
		if strings.ContainsAny(part.File, `,"\`) {
			return &UnsupportedError{What: "several files in one part"}
		}
	case strings.HasPrefix(value, "<"):
		data, err := p.read(unquoteValue(value[1:]))
		if err != nil {
			return err
		}
		part.Value = string(data)
	default:
		part.Value = unquoteValue(value)
	}
	p.req.Parts = append(p.req.Parts, part)
	return nil
}

// cutParams divides a part's value from what follows it after semicolons. A
// semicolon between quotes, or in front of anything else than a parameter, is
// part of the value.
func cutParams(s string) (value string, params []string) {
	from, quoted := 0, false
	var pieces []string
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"' && (quoted || i == from || s[i-1] == '=' || s[i-1] == '@'):
			quoted = !quoted
		case s[i] == ';' && !quoted && isParam(s[i+1:]):
			pieces = append(pieces, s[from:i])
			from = i + 1
		}
	}
	pieces = append(pieces, s[from:])
	return pieces[0], pieces[1:]
}

// isParam reports whether s begins with the name of a parameter.
func isParam(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, " "))
	for _, name := range []string{"type=", "filename=", "headers=", "encoder="} {
		if strings.HasPrefix(s, name) {
			return true
		}
	}
	return false
}

// unquoteValue takes away the quotes around a value, and the backslashes between
// them.
func unquoteValue(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(s[1 : len(s)-1])
}

// takeTextPart takes --form-string.
func (p *parser) takeTextPart(arg string) error {
	name, value, ok := strings.Cut(arg, "=")
	if !ok {
		return errors.New("a part has an equals sign")
	}
	p.req.Parts = append(p.req.Parts, Part{Name: name, Value: value})
	return nil
}

// takeUpload takes -T.
func (p *parser) takeUpload(arg string) error {
	if arg == "" || arg == "." || strings.ContainsAny(arg, "{}[]") {
		return &UnsupportedError{What: "an upload of that name"}
	}
	if p.req.BodyFile != "" {
		return errors.New("there is a body already")
	}
	p.req.BodyFile, p.put = arg, true
	return nil
}

// addUploadName adds the name of the file that -T sends to a URL that ends in a
// slash.
func (p *parser) addUploadName() {
	u, err := parseURL(p.req.URL)
	if !p.put || p.req.BodyFile == "-" || err != nil || u.Path != "" && !strings.HasSuffix(u.Path, "/") {
		return
	}
	end := strings.IndexAny(p.req.URL, "?#")
	if end < 0 {
		end = len(p.req.URL)
	}
	slash := ""
	if u.Path == "" {
		slash = "/"
	}
	name := url.PathEscape(path.Base(strings.ReplaceAll(p.req.BodyFile, `\`, "/")))
	p.req.URL = p.req.URL[:end] + slash + name + p.req.URL[end:]
}

// buildBody makes the body, the method that goes with it, and its content type.
func (p *parser) buildBody() error {
	r := p.req
	given := 0
	for _, is := range []bool{len(p.pieces) > 0, r.BodyFile != "", len(r.Parts) > 0} {
		if is {
			given++
		}
	}
	if given > 1 {
		return &UnsupportedError{What: "a body of several kinds"}
	}
	text := strings.Join(p.pieces, "&")
	method := http.MethodGet
	switch {
	case p.head && given > 0 && !p.get:
		return errors.New("curl: -I and a body exclude each other")
	case p.head:
		method = http.MethodHead
	}
	if p.get {
		if r.BodyFile != "" || len(r.Parts) > 0 {
			return &UnsupportedError{What: "-G with a file"}
		}
		if len(p.pieces) > 0 {
			p.addQuery([]string{text})
		}
	} else if given > 0 {
		method = http.MethodPost
		if p.put {
			method = http.MethodPut
		}
		r.HasBody = len(r.Parts) == 0
		if len(p.pieces) > 0 {
			r.Body = []byte(text)
		}
		p.setContentType()
	}
	if r.Method == "" {
		r.Method = method
	}
	return nil
}

// setContentType sets what curl sets for -d and --json.
func (p *parser) setContentType() {
	set := func(name, value string) {
		if !p.req.mentionsHeader(name) {
			p.req.Headers = append(p.req.Headers, Header{Name: name, Value: value})
		}
	}
	switch {
	case p.jsonBody:
		set("Content-Type", "application/json")
		set("Accept", "application/json")
	case p.form:
		set(curl.FormType().Name, curl.FormType().Value)
	case p.put && !p.req.mentionsHeader("Content-Type"):
		p.req.Headers = append(p.req.Headers, Header{Name: "Content-Type", Unset: true})
	}
}

// addQuery adds parameters to the query of the URL.
func (p *parser) addQuery(params []string) {
	if len(params) == 0 {
		return
	}
	target, fragment, has := strings.Cut(p.req.URL, "#")
	sep := "?"
	if _, query, ok := strings.Cut(target, "?"); ok {
		sep = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			sep = ""
		}
	}
	p.req.URL = target + sep + strings.Join(params, "&")
	if has {
		p.req.URL += "#" + fragment
	}
}

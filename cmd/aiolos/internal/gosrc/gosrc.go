// Package gosrc writes Go programs that send a request with this library.
package gosrc

import (
	"mime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// module is where the library's packages are.
const module = "github.com/aiolos-http/aiolos/"

// program collects the parts of a program.
type program struct {
	r       *curlconv.Request
	imports []string
	setup   []string // statements in front of the request
	options []string
	after   string // the option for a form's type
}

// Program returns a complete program that sends the request and copies the body
// of the response to standard output, or to the request's file. It is formatted,
// and compiles with the standard library and this one. The error is for what makes no
// sense in the request.
func Program(r *curlconv.Request) (string, error) {
	p := &program{r: r, imports: []string{"context", "fmt", "io", "os", module + "session"}}
	p.addHeaders()
	p.addBody()
	p.addSkipHeader()
	p.addLimits()
	return p.writeSource()
}

// addImport adds an import.
func (p *program) addImport(path string) {
	if !slices.Contains(p.imports, path) {
		p.imports = append(p.imports, path)
	}
}

// addOption adds an option of the request. The arguments are source.
func (p *program) addOption(name string, args ...string) {
	p.options = append(p.options, "session."+name+"("+strings.Join(args, ", ")+")")
}

// addHeaders adds the options for headers and credentials.
func (p *program) addHeaders() {
	var seen []string
	for _, h := range p.r.OwnHeaders() {
		option := "Header"
		if name := strings.ToLower(h.Name); slices.Contains(seen, name) {
			option = "AddHeader"
		} else {
			seen = append(seen, name)
		}
		p.addOption(option, stringLiteral(h.Name), stringLiteral(h.Value))
	}
	login, password, ok := strings.Cut(p.r.Login, ":")
	switch {
	case p.r.Digest && login != "":
		p.addImport(module + "middleware")
		source := stringLiteral(password)
		if !ok {
			source = `os.Getenv("PASSWORD")`
		}
		p.addOption("AddMiddleware", "middleware.Digest(middleware.DigestConfig{Login: "+stringLiteral(login)+", Password: "+source+"})")
	case ok:
		p.addOption("BasicAuth", stringLiteral(login), stringLiteral(password))
	case login != "":
		p.addOption("BasicAuth", stringLiteral(login), `os.Getenv("PASSWORD")`)
	}
}

// addSkipHeader adds the option that leaves headers out. It comes after the body, which
// may bring a type along.
func (p *program) addSkipHeader() {
	names := p.r.SkippedHeaders()
	for i, name := range names {
		names[i] = stringLiteral(name)
	}
	if len(names) > 0 {
		p.addOption("SkipHeader", names...)
	}
}

// addBody adds the option for the body.
func (p *program) addBody() {
	switch r := p.r; {
	case r.BodyFile == "-":
		p.addOption("Body", "os.Stdin")
	case r.BodyFile != "":
		p.setup = append(p.setup, "\tbody, err := os.Open("+stringLiteral(r.BodyFile)+")", check, "\tdefer body.Close()")
		p.addOption("Body", "body")
	case r.HasBody:
		p.addOption("Bytes", "[]byte("+stringLiteral(string(r.Body))+")")
	case len(r.Parts) > 0:
		p.addForm()
	}
}

// addForm adds a multipart form.
func (p *program) addForm() {
	p.addImport(module + "form")
	boundary := p.formBoundary()
	if boundary != "" {
		boundary = ".Boundary(" + stringLiteral(boundary) + ")"
	}
	p.setup = append(p.setup, "\tdata := form.New().Multipart()"+boundary)
	for _, part := range p.r.Parts {
		args := []string{stringLiteral(part.Name), stringLiteral(part.Value)}
		method := "Field"
		switch part.File {
		case "":
		case "-":
			method, args[1] = "OSFile", "os.Stdin"
			if part.As == "" {
				part.As = "-"
			}
		default:
			method, args[1] = "File", stringLiteral(part.File)
		}
		if part.Type != "" {
			args = append(args, "form.ContentType("+stringLiteral(part.Type)+")")
		}
		if part.As != "" {
			args = append(args, "form.FileName("+stringLiteral(part.As)+")")
		}
		p.setup = append(p.setup, "\tdata."+method+"("+strings.Join(args, ", ")+")")
	}
	p.addOption("FormData", "data")
	if p.after != "" {
		p.options = append(p.options, p.after)
	}
}

// formBoundary is that of a form, and adds the option for a type that is not the
// form's own. Such a type has to name the boundary, which then is not random.
func (p *program) formBoundary() string {
	boundary := p.r.Boundary
	given, ok := p.r.Header("Content-Type")
	kind, params, err := mime.ParseMediaType(given)
	if !ok || err != nil {
		return boundary
	}
	if boundary == "" {
		boundary = params["boundary"]
	}
	if kind == "multipart/form-data" {
		return boundary
	}
	if boundary == "" {
		boundary = "----FormBoundary"
	}
	if params["boundary"] == "" {
		given += "; boundary=" + boundary
	}
	p.after = "session.Header(\"Content-Type\", " + stringLiteral(given) + ")"
	return boundary
}

// stringLiteral writes a string, the readable way if there is one.
func stringLiteral(s string) string {
	odd := func(r rune) bool {
		return r == '`' || r == utf8.RuneError || r != '\n' && r != '\t' && !strconv.IsPrint(r)
	}
	if strings.ContainsAny(s, "\"\\\n") && !strings.ContainsFunc(s, odd) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// callStart writes the name of the method that sends the request, and its first
// arguments.
func (p *program) callStart() string {
	u := stringLiteral(p.r.URL)
	for _, m := range []string{"Get", "Head", "Post", "Put", "Patch", "Delete", "Options"} {
		if strings.ToUpper(m) == p.r.Method {
			return "s." + m + "(ctx, " + u
		}
	}
	return "s.Request(ctx, " + stringLiteral(p.r.Method) + ", " + u
}

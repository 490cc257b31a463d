// Package gosrc writes Go programs that send a request with this library.
package gosrc

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
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
	conn    string // the statement that makes a connector, if one is needed
}

// Program returns a complete program that sends the request and copies the body
// of the response to standard output, or to the request's file. It is formatted,
// and compiles with the standard library and this one.
func Program(r *curlconv.Request) string {
	p := &program{r: r, imports: []string{"context", "fmt", "io", "os", module + "session"}}
	p.headers()
	p.body()
	p.skip()
	p.wishes()
	return p.source()
}

// need adds an import.
func (p *program) need(path string) {
	if !slices.Contains(p.imports, path) {
		p.imports = append(p.imports, path)
	}
}

// option adds an option of the request. The arguments are source.
func (p *program) option(name string, args ...string) {
	p.options = append(p.options, "session."+name+"("+strings.Join(args, ", ")+")")
}

// Skipped names the headers that the library sets and the request does without:
// those that it leaves out, and what curl does not ask for by itself.
func Skipped(r *curlconv.Request) []string {
	var names []string
	encoding := r.Compressed
	for _, h := range r.Headers {
		name := http.CanonicalHeaderKey(h.Name)
		encoding = encoding || name == "Accept-Encoding"
		automatic := slices.Contains([]string{"Accept", "Accept-Encoding", "Content-Type", "User-Agent"}, name)
		if h.Unset && automatic && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if !encoding {
		names = append(names, "Accept-Encoding")
	}
	return names
}

// headers adds the options for headers and credentials.
func (p *program) headers() {
	for i, h := range p.r.Headers {
		switch {
		case h.Unset, p.r.Compressed && strings.EqualFold(h.Name, "Accept-Encoding"):
		case slices.ContainsFunc(p.r.Headers[:i], func(other curlconv.Header) bool { return strings.EqualFold(h.Name, other.Name) && !other.Unset }):
			p.option("AddHeader", literal(h.Name), literal(h.Value))
		default:
			p.option("Header", literal(h.Name), literal(h.Value))
		}
	}
	if login, password, ok := strings.Cut(p.r.Login, ":"); ok {
		p.option("BasicAuth", literal(login), literal(password))
	}
}

// skip adds the option that leaves headers out. It comes after the body, which
// may bring a type along.
func (p *program) skip() {
	names := Skipped(p.r)
	for i, name := range names {
		names[i] = literal(name)
	}
	if len(names) > 0 {
		p.option("SkipHeader", names...)
	}
}

// body adds the option for the body.
func (p *program) body() {
	switch r := p.r; {
	case r.BodyFile == "-":
		p.option("Body", "os.Stdin")
	case r.BodyFile != "":
		p.setup = append(p.setup, "\tbody, err := os.Open("+literal(r.BodyFile)+")", check, "\tdefer body.Close()")
		p.option("Body", "body")
	case r.HasBody:
		p.option("Bytes", "[]byte("+literal(string(r.Body))+")")
	case len(r.Parts) > 0:
		p.form()
	}
}

// form adds a multipart form.
func (p *program) form() {
	p.need(module + "form")
	p.setup = append(p.setup, "\tdata := form.New().Multipart()")
	for _, part := range p.r.Parts {
		args := []string{literal(part.Name), literal(part.Value)}
		method := "Field"
		switch part.File {
		case "":
		case "-":
			method, args[1] = "OSFile", "os.Stdin"
		default:
			method, args[1] = "File", literal(part.File)
		}
		if part.Type != "" {
			args = append(args, "form.ContentType("+literal(part.Type)+")")
		}
		if part.As != "" {
			args = append(args, "form.FileName("+literal(part.As)+")")
		}
		p.setup = append(p.setup, "\tdata."+method+"("+strings.Join(args, ", ")+")")
	}
	p.option("FormData", "data")
}

// wishes adds the options for redirects, timeouts, TLS and the way to the
// server.
func (p *program) wishes() {
	r := p.r
	switch {
	case !r.Follow:
		p.option("NoRedirects")
	case r.MaxRedirects > 0:
		p.option("Redirects", strconv.Itoa(r.MaxRedirects))
	case r.MaxRedirects < 0:
		p.option("Redirects", strconv.Itoa(Unlimited))
	case r.Method == http.MethodHead:
		p.option("Redirects", "10")
	}
	if r.Timeout > 0 {
		p.option("Timeout", p.duration(r.Timeout))
	}
	if r.Connect > 0 {
		p.option("Timeouts", "session.ClientTimeout{Connect: "+strings.Replace(p.duration(r.Connect), "*", " * ", 1)+"}")
	}
	if r.Insecure {
		p.option("Insecure")
	}
	if r.Proxy != "" {
		p.option("Proxy", literal(ProxyURL(r.Proxy)))
	}
	if r.Version != "" {
		major, minor, _ := strings.Cut(r.Version+".0", ".")
		p.option("Version", major, strings.TrimSuffix(minor, ".0"))
	}
	if r.Fail {
		p.option("CheckStatus")
	}
	if r.Unix != "" {
		p.need(module + "connector")
		p.conn = "conn, err := connector.NewUnix(" + literal(r.Unix) + ", connector.Config{})"
	}
}

// Unlimited is how many redirects are followed where there is no limit.
const Unlimited = 1 << 30

// ProxyURL completes the address of a proxy as curl does.
func ProxyURL(proxy string) string {
	if strings.Contains(proxy, "://") {
		return proxy
	}
	return "http://" + proxy
}

// duration writes a duration in the largest unit that fits.
func (p *program) duration(d time.Duration) string {
	p.need("time")
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "*time.Second"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "*time.Millisecond"
}

// literal writes a string, the readable way if there is one.
func literal(s string) string {
	odd := func(r rune) bool {
		return r == '`' || r == utf8.RuneError || r != '\n' && r != '\t' && !strconv.IsPrint(r)
	}
	if strings.ContainsAny(s, "\"\\\n") && !strings.ContainsFunc(s, odd) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// call writes the name of the method that sends the request, and its first
// arguments.
func (p *program) call() string {
	u := literal(p.r.URL)
	for _, m := range []string{"Get", "Head", "Post", "Put", "Patch", "Delete", "Options"} {
		if strings.ToUpper(m) == p.r.Method {
			return "s." + m + "(ctx, " + u
		}
	}
	return "s.Request(ctx, " + literal(p.r.Method) + ", " + u
}

// check hands an error on.
const check = "\tif err != nil {\n\t\treturn err\n\t}"

// mainFunc is the same in all programs.
const mainFunc = `
func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run sends the request and copies the body of the response.
func run(ctx context.Context) error {`

// source puts the program together. It is laid out as gofmt does, whose packages
// would make the tool half a megabyte larger.
func (p *program) source() string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\n") }
	line("// A program that sends one request to ", host(p.r.URL), ".\npackage main\n\nimport (")
	slices.SortFunc(p.imports, byGroup)
	for i, path := range p.imports {
		if i > 0 && strings.Contains(path, ".") && !strings.Contains(p.imports[i-1], ".") {
			line()
		}
		line("\t", strconv.Quote(path))
	}
	line(")\n", mainFunc)
	config := "session.Config{}"
	if p.conn != "" {
		line("\t", p.conn, "\n", check)
		config = "session.Config{Connector: conn, OwnConnector: true}"
	}
	line("\ts, err := session.New(", config, ")\n", check, "\n\tdefer s.Close()")
	for _, s := range p.setup {
		line(s)
	}
	call := "\tresp, err := " + p.call()
	if len(p.options) > 0 {
		call += ",\n\t\t" + strings.Join(p.options, ",\n\t\t") + ",\n\t"
	}
	line(call, ")\n", check, "\n\tdefer resp.Close()")
	if p.r.Output == "" || p.r.Output == "-" {
		line("\t_, err = io.Copy(os.Stdout, resp.Body)\n\treturn err\n}")
		return b.String()
	}
	line("\tout, err := os.Create(", literal(p.r.Output), ")\n", check)
	line("\tif _, err := io.Copy(out, resp.Body); err != nil {\n\t\tout.Close()\n\t\treturn err\n\t}\n\treturn out.Close()\n}")
	return b.String()
}

// byGroup sorts imports: the standard library, then the others.
func byGroup(a, b string) int {
	outer := func(path string) string {
		if strings.Contains(path, ".") {
			return "1"
		}
		return "0"
	}
	return strings.Compare(outer(a)+a, outer(b)+b)
}

// host names the server in the program's comment.
func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), "\n\r") {
		return "a server"
	}
	return strings.Trim(strconv.Quote(u.Hostname()), `"`)
}

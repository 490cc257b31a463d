package gosrc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/session"
)

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

// writeSource puts the program together. It is laid out as gofmt does, whose packages
// would make the tool half a megabyte larger.
func (p *program) writeSource() (string, error) {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\n") }
	line("// A program that sends one request to ", hostOf(p.r.URL), ".\npackage main\n\nimport (")
	statements, config, err := p.connectorSource()
	if err != nil {
		return "", err
	}
	slices.SortFunc(p.imports, byGroup)
	for i, path := range p.imports {
		if i > 0 && strings.Contains(path, ".") && !strings.Contains(p.imports[i-1], ".") {
			line()
		}
		line("\t", strconv.Quote(path))
	}
	line(")\n", mainFunc)
	for _, s := range statements {
		line(s)
	}
	line("\ts, err := session.New(", config, ")\n", check, "\n\tdefer s.Close()")
	for _, s := range p.setup {
		line(s)
	}
	call := "\tresp, err := " + p.callStart()
	if len(p.options) > 0 {
		call += ",\n\t\t" + strings.Join(p.options, ",\n\t\t") + ",\n\t"
	}
	line(call, ")\n", check, "\n\tdefer resp.Close()")
	if p.r.Output == "" || p.r.Output == "-" {
		line("\t_, err = io.Copy(os.Stdout, resp.Body)\n\treturn err\n}")
		return b.String(), nil
	}
	line("\tout, err := os.Create(", stringLiteral(p.r.Output), ")\n", check)
	line("\tif _, err := io.Copy(out, resp.Body); err != nil {\n\t\tout.Close()\n\t\treturn err\n\t}\n\treturn out.Close()\n}")
	return b.String(), nil
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

// hostOf names the server in the program's comment.
func hostOf(raw string) string {
	u, err := session.ParseURL(raw)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), "\n\r") {
		return "a server"
	}
	return strings.Trim(strconv.Quote(u.Hostname()), `"`)
}

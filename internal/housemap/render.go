package housemap

import (
	"fmt"
	"strings"
)

const (
	module = "github.com/aiolos-http/aiolos"
	begin  = "<!-- map -->\n"
	end    = "<!-- end of the map -->\n"
)

// Fill returns the page with the map between its marks.
func Fill(page string, packages []Package, rules []Rule) (string, error) {
	head, rest, ok := strings.Cut(page, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("no %s and %s", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	var b strings.Builder
	b.WriteString(head + begin + "\n| package | what it does |\n|---|---|\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", p.Path, p.Path, p.Purpose)
	}
	b.WriteString("\n| files of | must not import | because |\n|---|---|---|\n")
	for _, r := range rules {
		r.writeRows(&b)
	}
	b.WriteString("\n" + end + tail)
	return b.String(), nil
}

// writeRows writes a row for each reason of the rule.
func (r Rule) writeRows(b *strings.Builder) {
	if len(r.Only) > 0 {
		fmt.Fprintf(b, "| %s | anything but %s | |\n", r.scope(), codeList(r.Only))
	}
	for i := 0; i < len(r.Deny); {
		why, imports := r.Deny[i].Why, []string(nil)
		for ; i < len(r.Deny) && r.Deny[i].Why == why; i++ {
			imports = append(imports, r.Deny[i].Import)
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", r.scope(), codeList(imports), why)
	}
}

// scope says in words which files the rule is for.
func (r Rule) scope() string {
	var of, but []string
	what := ""
	for _, glob := range r.Files {
		name, excluded := strings.CutPrefix(glob, "!")
		dir := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(name, "**/"), "/*.go"), "/**")
		switch {
		case glob == "$test":
			what = "tests, of "
		case name == "$test":
		case excluded:
			but = append(but, dir)
		default:
			of = append(of, dir)
		}
	}
	switch {
	case len(of) == 0:
		return what + "all but " + codeList(but)
	case strings.Contains(of[0], "*"):
		return what + codeList(of) + ", but for " + codeList(but)
	}
	return what + codeList(of) // what is left out is another module's of the same name
}

// codeList writes import paths and directories as code, those of this module from its
// root on.
func codeList(names []string) string {
	var list []string
	for _, name := range names {
		name = strings.TrimPrefix(strings.TrimSuffix(name, "$"), module+"/")
		switch name {
		case "$gostd":
			list = append(list, "the standard library")
		case module:
			list = append(list, "this module")
		default:
			list = append(list, "`"+name+"`")
		}
	}
	return strings.Join(list, ", ")
}

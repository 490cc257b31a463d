package housemap_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aiolos-http/aiolos/internal/housemap"
)

var update = flag.Bool("update", false, "write the map into CONTRIBUTING.md anew")

func load(t *testing.T) ([]housemap.Package, []housemap.Rule) {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	packages, err := housemap.Packages(root)
	if err != nil {
		t.Fatal(err)
	}
	config, err := fs.ReadFile(root, ".golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := housemap.Rules(string(config))
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 40 || len(rules) < 8 {
		t.Fatalf("%d packages, %d rules: the tree was not understood", len(packages), len(rules))
	}
	return packages, rules
}

// The map in CONTRIBUTING.md is that of the packages and of the linter's rules.
func TestMap(t *testing.T) {
	t.Parallel()
	packages, rules := load(t)
	name := filepath.Join("..", "..", "CONTRIBUTING.md")
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want, err := housemap.Fill(string(got), packages, rules)
	switch {
	case err != nil:
		t.Fatal(err)
	case want == string(got):
	case !*update:
		t.Error("CONTRIBUTING.md shows another map than the packages and .golangci.yml: run make readme")
	default:
		if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// A rule that is about a package which is not there, or under another name, keeps
// nothing.
func TestRulesAreAlive(t *testing.T) {
	t.Parallel()
	packages, rules := load(t)
	for _, r := range rules {
		for _, glob := range r.Files {
			glob, _ = strings.CutPrefix(glob, "!")
			if glob == "$test" {
				continue
			}
			files := regexp.MustCompile("^" + strings.NewReplacer("**/", "(.*/)?", "**", ".*", "*", "[^/]*", ".", `\.`).Replace(glob) + "$")
			if !slices.ContainsFunc(packages, func(p housemap.Package) bool { return files.MatchString(p.Path + "/x.go") }) {
				t.Errorf("rule %s: no package has files like %s", r.Name, glob)
			}
		}
		for _, d := range r.Deny {
			dir, ours := strings.CutPrefix(d.Import, "github.com/aiolos-http/aiolos/")
			exact := strings.TrimSuffix(dir, "$")
			if ours && !slices.ContainsFunc(packages, func(p housemap.Package) bool {
				return p.Path == exact || exact == dir && strings.HasPrefix(p.Path, dir+"/")
			}) {
				t.Errorf("rule %s: there is no package %s", r.Name, dir)
			}
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	packages, err := housemap.Packages(fstest.MapFS{
		"form/form.go":          {Data: []byte("// Package form makes bodies. Of forms.\npackage form\n")},
		"form/form_test.go":     {Data: []byte("package form\n")},
		"form/testdata/x.go":    {Data: []byte("package x\n")},
		"session/session.go":    {Data: []byte("package session\n")},
		"session/doc.go":        {Data: []byte("// Package session makes requests with [Do]:\n//   - all\npackage session\n")},
		"session/sub/a_test.go": {Data: []byte("package sub\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := housemap.Rules(`x:
    depguard:
      rules:
        # A comment.
        form:
          list-mode: strict
          files: ["**/form/*.go", "!**/cmd/**", "!$test"]
          allow:
            - $gostd
            - github.com/aiolos-http/aiolos
        rest:
          files: ["!**/cmd/**", "!$test"]
          deny:
            - {pkg: net$, desc: no sockets}
            - {pkg: github.com/aiolos-http/aiolos/session$, desc: up}
            - {pkg: github.com/aiolos-http/aiolos/form, desc: up}
    forbidigo:
`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := housemap.Fill("a\n<!-- map -->\nold\n<!-- end of the map -->\nb\n", packages, rules)
	want := "a\n<!-- map -->\n\n| package | what it does |\n|---|---|\n" +
		"| [session](session) | makes requests with Do |\n| [form](form) | makes bodies |\n\n" +
		"| files of | must not import | because |\n|---|---|---|\n" +
		"| `form` | anything but the standard library, this module | |\n" +
		"| all but `cmd` | `net` | no sockets |\n| all but `cmd` | `session`, `form` | up |\n\n<!-- end of the map -->\nb\n"
	if err != nil || got != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const head = "x\n    depguard:\n      rules:\n"
	for _, config := range []string{
		"", head + "          files: [x]\n", head + "        a:\n          ask: [x]\n",
		head + "        a:\n          deny:\n            - net\n",
	} {
		if rules, err := housemap.Rules(config); err == nil {
			t.Errorf("%q: got %v, want an error", config, rules)
		}
	}
	for name, file := range map[string]string{"form/a.go": "package form\n", "new/a.go": "// Package new is new.\npackage new\n", "form/b.go": "-"} {
		if list, err := housemap.Packages(fstest.MapFS{name: {Data: []byte(file)}}); err == nil {
			t.Errorf("%s: got %v, want an error", name, list)
		}
	}
	if _, err := housemap.Fill("<!-- map -->\n", nil, nil); err == nil {
		t.Error("a page with no end of the map: got no error")
	}
}

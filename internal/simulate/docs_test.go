package simulate_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// TestReliability: each test that docs/reliability.md names exists, and is named by
// its package and itself.
func TestReliability(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(page), -1)
	if len(named) < 40 {
		t.Errorf("%d tests are named: the page was not understood", len(named))
	}
	known := map[string][]string{} // of each package
	for _, name := range named {
		if known[name[1]] == nil {
			known[name[1]] = functions(t, filepath.Join(root, name[1]))
		}
		if !slices.Contains(known[name[1]], name[2]) {
			t.Errorf("there is no %s in %s", name[2], name[1])
		}
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(string(page), -1) {
		if !slices.ContainsFunc(named, func(n []string) bool { return n[2] == name }) {
			t.Errorf("%s is named without its package", name)
		}
	}
}

// directories are the tests and fuzz targets of those that were looked at.
var directories sync.Map

// functions are the tests and fuzz targets of a directory.
func functions(t *testing.T, dir string) (all []string) {
	t.Helper()
	if known, ok := directories.Load(dir); ok {
		return known.([]string) //nolint:forcetypeassert // it is what is stored below
	}
	defer func() { directories.Store(dir, all) }()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declared.FindAllStringSubmatch(string(data), -1) {
			all = append(all, match[1])
		}
	}
	return all
}

// ownBytes are the fuzz targets that read nothing foreign: what the caller gives, or
// what the library has written. CI leaves them to make fuzz.
var ownBytes = []string{
	"FuzzBoundaryInData", "FuzzBuild", "FuzzCanonicalIPv4", "FuzzEncoder", "FuzzEscape", "FuzzFailIf", "FuzzHeaders", "FuzzHosts", "FuzzJoin", "FuzzModel",
	"FuzzNoProxy", "FuzzParsePin", "FuzzParseProxy", "FuzzPlainURL", "FuzzProxyURL", "FuzzRedactURL", "FuzzRedaction", "FuzzRoundTrip", "FuzzShells",
	"FuzzURLEncoded", "FuzzUpload", "FuzzWanted",
}

// TestFuzzInCI: CI tries every fuzz target that reads foreign bytes.
func TestFuzzInCI(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	var tried []string
	for _, match := range regexp.MustCompile(`(?m)^fuzz\+?='([^']*)'`).FindAllStringSubmatch(string(script), -1) {
		tried = append(tried, strings.Split(strings.Trim(match[1], "|"), "|")...)
	}
	seen := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return err
		}
		for _, name := range functions(t, path) {
			if target, ok := strings.CutPrefix(name, "Fuzz"); ok {
				seen[target] = true
				if slices.Contains(tried, target) == slices.Contains(ownBytes, name) {
					t.Errorf("%s: %s is to be either in .ci/run or in ownBytes", path, name)
				}
			}
		}
		return nil
	})
	if err != nil || len(seen) < 40 {
		t.Fatalf("%d targets, %v", len(seen), err)
	}
	for _, target := range tried {
		if !seen[target] {
			t.Errorf("there is no Fuzz%s, which .ci/run names", target)
		}
	}
}

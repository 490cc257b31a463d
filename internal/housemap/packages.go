package housemap

import (
	"cmp"
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// layers are the directories below the root, from the top down: imports point down.
var layers = []string{".", "contrib", "session", "middleware", "connector", "ws", "form", "jar", "errors", "internal", "cmd"}

// Package is a directory with code in it that is not only tests.
type Package struct {
	Path    string // with slashes, from the root of the repository
	Purpose string // the first sentence of its documentation, without "Package x"
}

// Packages lists the packages below root, from the top layer down. One without
// documentation, or outside all layers, is an error.
func Packages(root fs.FS) ([]Package, error) {
	var list []Package
	err := fs.WalkDir(root, ".", func(dir string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "testdata" || dir != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		purpose, hasCode, err := readPurpose(root, dir)
		if err != nil || !hasCode {
			return err
		}
		if purpose == "" || layerOf(dir) < 0 {
			return fmt.Errorf("%s: no documentation, or in no layer", dir)
		}
		list = append(list, Package{dir, purpose})
		return nil
	})
	slices.SortStableFunc(list, func(a, b Package) int { return cmp.Compare(layerOf(a.Path), layerOf(b.Path)) })
	return list, err
}

func layerOf(dir string) int {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Index(layers, top)
}

// readPurpose reads what the package in dir says of itself.
func readPurpose(root fs.FS, dir string) (purpose string, hasCode bool, err error) {
	files, err := fs.Glob(root, path.Join(dir, "*.go"))
	if err != nil {
		return "", false, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return "", false, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return "", false, err
		}
		hasCode = true
		if file.Doc != nil {
			purpose = firstSentence(file.Doc.Text())
		}
	}
	return purpose, hasCode, nil
}

// firstSentence is the first sentence of a package's documentation without the words
// that are the same in all of them.
func firstSentence(text string) string {
	sentence := strings.TrimRight(new(doc.Package).Synopsis(text), ".:")
	_, sentence, _ = strings.Cut(sentence, " ") // Package, Command
	_, sentence, _ = strings.Cut(sentence, " ") // its name
	return strings.NewReplacer("[", "", "]", "").Replace(sentence)
}

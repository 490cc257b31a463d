package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writePages puts the tables between the marks of the mode: README.md has the duel,
// if it has budgets, and the clients of HTTP/1.1; docs/performance.md everything.
func (r *report) writePages(dir string) error {
	clients := r.clientTables([]string{"HTTP/1.1"})
	readme := r.caption() + "\n\n" + clients
	if r.Mode == "one" {
		readme = r.caption() + "\n\n" + r.duelTable() + "\n" + clients
	}
	full := r.caption() + "\n\n" + r.duelTable() + "\n" + r.clientTables(r.rowFamilies()) + r.details()
	for name, text := range map[string]string{"README.md": readme, "docs/performance.md": full} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		page, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled, err := fillMarks(string(page), r.Mode, text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(path, []byte(filled), 0o644); err != nil { //nolint:gosec // pages are for all to read
			return err
		}
	}
	return nil
}

// fillMarks replaces what stands between the two lines
//
//	<!-- bench: MODE -->
//	<!-- bench: end -->
func fillMarks(page, mode, text string) (string, error) {
	begin, end := "<!-- bench: "+mode+" -->\n", "<!-- bench: end -->\n"
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", fmt.Errorf("no line %q", strings.TrimSpace(begin))
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("no line %q", strings.TrimSpace(end))
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}

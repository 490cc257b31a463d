// Package complete completes words of a command line for a shell.
package complete

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Request completes the words of a request: methods in front of the URL,
// header names and files behind it.
func Request(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if !slices.ContainsFunc(args, syntax.LooksLikeURL) {
		return keepPrefixed(syntax.Methods(), word), cobra.ShellCompDirectiveNoFileComp
	}
	if i := strings.IndexByte(word, '@'); i >= 0 {
		return fileNames(word[:i+1], word[i+1:]), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	return keepPrefixed(headerNames(), word), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// headerNames are headers that people write themselves, with their separator.
func headerNames() []string {
	return []string{
		"Accept:", "Accept-Encoding:", "Accept-Language:", "Authorization:", "Cache-Control:", "Content-Encoding:", "Content-Type:", "Cookie:",
		"If-Match:", "If-Modified-Since:", "If-None-Match:", "Origin:", "Prefer:", "Range:", "Referer:", "User-Agent:",
		"X-Api-Key:", "X-Forwarded-For:", "X-Request-Id:", "X-Requested-With:",
	}
}

// keepPrefixed keeps what begins with a word, in any case.
func keepPrefixed(all []string, word string) []string {
	return slices.DeleteFunc(all, func(s string) bool {
		return len(s) < len(word) || !strings.EqualFold(s[:len(word)], word)
	})
}

// fileNames completes the name of a file behind a prefix.
func fileNames(prefix, name string) []string {
	dir, base := filepath.Split(name)
	entries, err := os.ReadDir(filepath.Clean("./" + dir))
	if filepath.IsAbs(dir) {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		switch {
		case !strings.HasPrefix(e.Name(), base), base == "" && strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			all = append(all, prefix+dir+e.Name()+"/")
		default:
			all = append(all, prefix+dir+e.Name())
		}
	}
	return all
}

// Session completes the name of a session. A command that wants a file behind
// it gets files there.
func Session(getenv func(string) string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return sessionNames(getenv, cmd, args, word)
	}
}

// sessionNames are the completions of [Session].
func sessionNames(getenv func(string) string, cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if cmd.Name() == "import" && len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if getenv == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir, err := store.Open(getenv)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := dir.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var all []string
	for _, info := range list {
		if strings.HasPrefix(info.Name, word) {
			all = append(all, info.Name)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// Header completes the name of a header, or a file behind @.
func Header(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	all := keepPrefixed(headerNames(), word)
	if name, ok := strings.CutPrefix(word, "@"); ok {
		all = fileNames("@", name)
	}
	return all, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

package curlconv_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// shells are those that the printed commands are for; those that are not installed
// are left out.
func shells(t testing.TB) [][]string {
	t.Helper()
	var found [][]string
	for _, words := range [][]string{
		{"sh"}, {"dash"}, {"bash", "--norc"}, {"bash", "--posix"}, {"zsh", "-f"}, {"fish", "--no-config"}, {"mksh"}, {"busybox", "sh"},
	} {
		path, err := exec.LookPath(words[0])
		if err != nil {
			continue
		}
		if target, err := filepath.EvalSymlinks(path); err == nil && words[0] == "sh" && filepath.Base(target) != "sh" {
			continue // it comes by its own name
		}
		found = append(found, append([]string{path}, words[1:]...))
	}
	if len(found) == 0 {
		t.Skip("no shell")
	}
	return found
}

// recorder makes a directory whose curl and aiolos write their arguments down.
func recorder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"curl", "aiolos"} {
		script := "#!/bin/sh\nprintf '%s\\0' " + name + " \"$@\" end >>\"$AIOLOS_WORDS\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runShell gives the commands to a shell, and returns the words of each as the
// programs got them, and the files that there are afterwards.
func runShell(t testing.TB, shell []string, dir string, commands []string) (words []string, files []string) {
	t.Helper()
	work := t.TempDir()
	record := filepath.Join(work, "words")
	cmd := exec.CommandContext(t.Context(), shell[0], shell[1:]...)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "AIOLOS_WORDS="+record, "HOME="+work)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v: %.300s", shell, err, errs.Bytes())
	}
	data, err := os.ReadFile(record)
	if err != nil {
		t.Errorf("%s: %v: %.300s", shell, err, errs.Bytes())
	}
	entries, err := os.ReadDir(work)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "words" {
			files = append(files, e.Name())
		}
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00"), files
}

// wantShells runs commands by all shells and compares what arrives, byte for byte,
// with what the commands are to say.
func wantShells(t testing.TB, commands []string, want [][]string) {
	t.Helper()
	dir := recorder(t)
	var all []string
	for _, words := range want {
		all = append(append(all, words...), "end")
	}
	for _, shell := range shells(t) {
		got, files := runShell(t, shell, dir, commands)
		if len(files) > 0 {
			t.Errorf("%s: the commands made files: %q", shell, files)
		}
		if slices.Equal(got, all) {
			continue
		}
		i := 0
		for i < len(got) && i < len(all) && got[i] == all[i] {
			i++
		}
		t.Errorf("%s: word %d: got %.300q, want %.300q", shell, i, got[i:min(i+3, len(got))], all[i:min(i+3, len(all))])
	}
}

// hostile are texts that shells trip over.
func hostile() []string {
	return []string{
		"';touch PWNED; #\n", "'\n;touch PWNED; #", "\\';touch PWNED; #\x1b", "$(touch PWNED)\n", "`touch PWNED`\t", "\n'$(touch PWNED)'\n",
		"=curl", "=", "%self", "%", "~", "~root", "*", "?", "[a]", "{a,b}", "a\\", `\`, `\\`, `\\\`, `\'`, `'\`, `'\''`, `a\nb`, `\\'`, "'", "''", "!",
		"!!", "a\n!!\nb", "!$\r\n!!", "\n", "\n\n", "a\n", "\na", "\t", "\r", "\r\n", "\x1b[31m", "\x7f", "\x01", "\xff", "\xc2\x80", "é\xe9é", "日本",
		"\u202e", "\u200e'", "\u2028", "\x1b7", "%s\x01%d", "\\033", `"`, "$HOME", "${HOME}", "$", "^a^b", "#", "a #b", "&", "a;b", "|cat", "<x", ">PWNED",
		"-n", "--", "a=b", "(a)", " ", "  a  ", "", "$'a'", "\x01\n", "\n\x01", "\x01\n\x01", "\\\n", "\\\r", `{"a": "it's \n \\ é"}`,
	}
}

// TestShells runs printed commands by the shells that are installed: what they pass
// on is what was meant, and they run nothing else.
func TestShells(t *testing.T) {
	t.Parallel()
	var commands []string
	var want [][]string
	add := func(text string, err error, words ...string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if split, err := curlconv.Split(text); err != nil || !slices.Equal(split, words) {
			t.Errorf("%s:\nread again: %q, %v\nwant %q", text, split, err, words)
		}
		commands, want = append(commands, text), append(want, words)
	}
	texts := hostile()
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "'\\\"$`!#;\n\r\t\x1b\xff é=%~(){}<a0 \u202e"
	for range 25 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteByte(alphabet[random.IntN(len(alphabet))])
		}
		texts = append(texts, b.String())
	}
	for _, body := range texts {
		r := &curlconv.Request{Method: "POST", URL: "http://h.example/", HasBody: true, Body: []byte(body)}
		text, err := r.Curl()
		add(text, err, "curl", "--url", "http://h.example/", "-H", "Content-Type:", "--data-raw", body)
		text, err = r.Items()
		add(text, err, "aiolos", "--no-follow", "--no-check", "--raw", body, "http://h.example/")
	}
	wantShells(t, commands, want)
}

// FuzzShells is TestShells for any text.
func FuzzShells(f *testing.F) {
	for _, seed := range []string{"';touch PWNED; #\n", "a\n!!\\'\x1b\xff\\", "$(touch PWNED)\u202e`touch PWNED`\r\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if strings.IndexByte(body, 0) >= 0 || len(body) > 10_000 {
			t.Skip("no argument of a command holds that")
		}
		r := &curlconv.Request{Method: "POST", URL: "http://h.example/", HasBody: true, Body: []byte(body)}
		text, err := r.Curl()
		if err != nil {
			t.Fatal(err)
		}
		wantShells(t, []string{text}, [][]string{{"curl", "--url", "http://h.example/", "-H", "Content-Type:", "--data-raw", body}})
	})
}

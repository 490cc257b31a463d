package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHAROnTerminal: what a file holds never reaches a terminal raw, in no part.
func TestHAROnTerminal(t *testing.T) {
	t.Parallel()
	const evil = `a\u001b[2J\u0007\u202e\u009b`
	entry := `{"request": {"method": "` + evil + `", "url": "http://h/` + evil + `", "httpVersion": "` + evil + `",
		"headers": [{"name": "` + evil + `", "value": "` + evil + `"}], "postData": {"text": "` + evil + `"}},
		"response": {"status": STATUS, "statusText": "` + evil + `", "_error": "` + evil + `",
		"headers": [{"name": "` + evil + `", "value": "` + evil + `"}], "content": {"text": "` + evil + `"}}}`
	failed := strings.Replace(entry, "STATUS", "0", 1)
	binary := strings.Replace(strings.Replace(entry, "STATUS", "200", 1), `"content": {"text": "`, `"content": {"text": "\u0000`, 1)
	entry = strings.Replace(entry, "STATUS", "404", 1)
	file := filepath.Join(t.TempDir(), "x.har")
	if err := os.WriteFile(file, []byte(`{"log": {"entries": [`+entry+","+failed+","+binary+`]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"show FILE":    {0, "404"},
		"show FILE 1":  {0, "[2J"},
		"show FILE 2":  {0, "failed: a"},
		"show FILE 3":  {0, "of binary data"},
		"run FILE":     {1, ""},
		"convert FILE": {1, ""},
	} {
		s := streams()
		s.OutTTY, s.ErrTTY = true, true
		words := append([]string{"har"}, strings.Fields(strings.Replace(args, "FILE", file, 1))...)
		got := run(t.Context(), s, append(words, "--color=never")...)
		if got.code != want.code || !strings.Contains(got.out, want.text) || strings.ContainsAny(got.out+got.err, "\x1b\x07\u202e\u009b\x00") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

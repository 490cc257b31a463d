//go:build interop

package compare_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listHead explains the list to those who open it.
const listHead = `# What reaches a server from aiohttp 3.8.4 and from aiolos when both are asked for
# the same request (see requests.json), as far as it differs. Written by the test
# with -update; the reasons are those of reasons.json. What is called common is told
# at the top.
`

// TestInteropSideBySide sends each request with both clients.
func TestInteropSideBySide(t *testing.T) {
	p := startPeer(t)
	rec := newRecorder(t)
	table := loadReasons(t)
	var list strings.Builder
	table.head(&list)
	for _, r := range loadRequests(t, rec.port()) {
		d := sideBySide(t, rec, p, &r)
		for _, text := range table.list(&list, r.Name, d) {
			t.Errorf("%s: no reason is known for this: %s", r.Name, text)
		}
	}
	for _, text := range table.unused() {
		t.Errorf("a reason that is not needed: %s", text)
	}
	checkList(t, filepath.Join("testdata", "differences.txt"), list.String())
}

func sideBySide(t *testing.T, rec *recorder, p *peer, r *request) []difference {
	t.Helper()
	record := func(send func() outcome) ([]*seen, outcome) {
		rec.expect(r.Answers)
		end := send()
		got := rec.take(t)
		for _, s := range got {
			s.normalise(rec.port())
		}
		return got, end
	}
	theirs, theirEnd := record(func() outcome { return p.send(t, r) })
	ours, ourEnd := record(func() outcome { return sendAiolos(t, rec.Addr(), r) })
	if theirEnd.String() != ourEnd.String() {
		t.Logf("%s: aiohttp: %s %s; aiolos: %s %s", r.Name, theirEnd, theirEnd.Error, ourEnd, ourEnd.Error)
	}
	return compare(theirs, ours, theirEnd, ourEnd)
}

// checkList compares with the list of the last time, which is reviewed like code.
func checkList(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text := firstChange(string(want), got); text != "" {
		t.Errorf("the differences are not those of %s (-update writes it anew):\n%s", path, text)
	}
}

// firstChange is where two lists part, with the name of the request.
func firstChange(want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	name := ""
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%s, line %d:\nwant %s\ngot  %s", name, i+1, strings.TrimSpace(a[i]), strings.TrimSpace(b[i]))
		}
		if a[i] != "" && !strings.HasPrefix(a[i], " ") {
			name = a[i]
		}
	}
	return fmt.Sprintf("%s: %d lines, want %d", name, len(b), len(a))
}

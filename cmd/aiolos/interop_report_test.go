//go:build interop && unix

package main

import (
	"fmt"
	"html"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// chromium runs a headless Chromium on a file.
func chromium(t *testing.T, file string, flags ...string) []byte {
	t.Helper()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--run-all-compositor-stages-before-draw", // else a busy machine has pictures of a part
		"--user-data-dir=" + filepath.Join(t.TempDir(), "profile"), "--window-size=1000,1600",
	}, flags...)
	out, err := exec.CommandContext(t.Context(), "chromium", append(args, "file://"+file)...).Output()
	if err != nil {
		t.Fatalf("chromium %q: %v", flags, err)
	}
	return out
}

// countColors counts the pixels of a screenshot by their colours.
func countColors(t *testing.T, page, scheme string) map[color.NRGBA]int {
	t.Helper()
	shot := filepath.Join(t.TempDir(), "shot.png")
	chromium(t, page, "--screenshot="+shot, "--blink-settings=preferredColorScheme="+scheme)
	f, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.NRGBA]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			seen[color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)]++
		}
	}
	return seen
}

// TestInteropReports: a browser shows the reports, light and dark, with the texts of
// what was measured, and does nothing that a server has put into them.
func TestInteropReports(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed")
	}
	var asked atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(trap.Close)
	evil := fmt.Sprintf(`"'><img src="%s/img"><script src="%s/js"></script><style>@import "%s/css";</style>`, trap.URL, trap.URL, trap.URL)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/old":
			http.Redirect(w, r, "/new", http.StatusFound)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		time.Sleep(2 * time.Millisecond)
		_, _ = io.WriteString(w, "hello\n")
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	archive := `{"log": {"entries": [
		{"startedDateTime": "2026-11-30T12:00:00Z", "time": 40, "timings": {"connect": 10, "wait": 20, "receive": 10}, "request": {"method": "GET", "url": "http://h/` + jsonEscape(evil) + `"}, "response": {"status": 200}},
		{"startedDateTime": "2026-11-30T12:00:01Z", "time": 40, "request": {"method": "GET", "url": "http://h/"}, "response": {"_error": "` + jsonEscape(evil) + `"}}]}}`
	if err := os.WriteFile(filepath.Join(dir, "log.har"), []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	const blue, green, orange = "receive", "wait", "connect"
	light := map[string]color.NRGBA{blue: {9, 105, 218, 255}, green: {26, 127, 55, 255}, orange: {188, 76, 0, 255}, "ground": {255, 255, 255, 255}}
	dark := map[string]color.NRGBA{blue: {68, 147, 248, 255}, green: {63, 185, 80, 255}, orange: {240, 136, 62, 255}, "ground": {13, 17, 23, 255}}
	for _, tt := range []struct {
		file    string
		command []string
		texts   []string // of the page, as a reader sees them
		colors  []string
	}{
		{"bench.html", []string{"bench", "-n", "300", "-c", "4", srv.URL + "/new"}, []string{"Latency over time", "status 200", "p99.9"}, []string{blue, orange}},
		{"compare.html", []string{"bench", "-n", "300", "-c", "4", "--compare", srv.URL + "/busy", srv.URL + "/new"}, []string{"second / first", "status 503", srv.URL + "/busy"}, []string{blue}},
		{"bench.svg", []string{"bench", "-n", "300", "-c", "4", srv.URL + "/new"}, []string{"Latency over time", "status 200"}, []string{blue, orange}},
		{"time.html", []string{"time", "-n", "2", srv.URL + "/old"}, []string{"4 requests in", "GET " + srv.URL + "/old", "GET " + srv.URL + "/new", "first byte"}, []string{green}},
		{"get.html", []string{"get", "-d", dir, "-q", srv.URL + "/a", srv.URL + "/b"}, []string{"2 requests in", "GET " + srv.URL + "/b"}, []string{green}},
		{"har.html", []string{"har", "show", filepath.Join(dir, "log.har")}, []string{"2 requests in", evil, "failed"}, []string{blue, green, orange}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			page := filepath.Join(dir, tt.file)
			cmd := exec.CommandContext(t.Context(), program(t), append(tt.command, "--report", page)...)
			cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%q: %v\n%s", tt.command, err, out)
			}
			dom := string(chromium(t, page, "--dump-dom"))
			text := html.UnescapeString(dom)
			for _, want := range tt.texts {
				if !strings.Contains(text, want) {
					t.Errorf("the page has no %s:\n%s", want, dom)
				}
			}
			for _, bad := range []string{"<script", "<img", "<link", "<a "} {
				if strings.Contains(dom, bad) {
					t.Errorf("the page has %s", bad)
				}
			}
			for scheme, want := range map[string]map[string]color.NRGBA{"0": dark, "1": light} {
				seen := countColors(t, page, scheme)
				for _, name := range append(tt.colors, "ground") {
					if seen[want[name]] < 10 {
						t.Errorf("scheme %s: %d pixels are of the colour of %s, %v", scheme, seen[want[name]], name, want[name])
					}
				}
			}
		})
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("a page has sent %d requests", n)
	}
}

// jsonEscape makes a text fit for a string of JSON.
func jsonEscape(s string) string { return strings.ReplaceAll(s, `"`, `\"`) }

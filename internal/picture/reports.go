package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// report is a page that a command line writes, and the picture of it.
type report struct {
	line, page, picture string
	height              int // of the picture
}

// The reports, and how wide their pictures are.
const pageWidth = 1240

var reports = []report{
	{"aiolos bench -z 4s -c 16 --warm-up 500ms --compare :8080/v2/search --report bench.html :8080/v1/search", "bench.html", "report-bench.png", 1480},
	{"aiolos get -q -j 6 --per-host 4 -d pages --report get.html -i urls.txt", "get.html", "report-get.png", 690},
}

// takeScreenshots runs the commands that write reports, has a browser without a window
// draw them, and saves what it draws in the directory of docs.
func takeScreenshots(ctx context.Context, dir, authority, docs string) error {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		return fmt.Errorf("the pictures of reports need a browser (.ci/peers installs it): %w", err)
	}
	for _, r := range reports {
		if text, err := runOnTerminal(ctx, r.line, dir, authority); err != nil {
			return fmt.Errorf("%s: %w\n%s", r.line, err, text)
		}
		shot, err := filepath.Abs(filepath.Join(docs, r.picture))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", //nolint:gosec // the browser draws our own file
			"--user-data-dir="+filepath.Join(dir, "profile"), "--blink-settings=preferredColorScheme=1",
			fmt.Sprintf("--window-size=%d,%d", pageWidth, r.height), "--screenshot="+shot, "file://"+filepath.Join(dir, r.page))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", r.page, err, out)
		}
	}
	return nil
}

// urlList are the URLs of the second report.
func urlList() string {
	var b strings.Builder
	for i := range 14 {
		path := "/part/" + strconv.Itoa(i+1)
		if i%5 == 4 {
			path = "/old" + path
		}
		b.WriteString("https://localhost:8443" + path + "\n")
	}
	return b.String()
}

// addReportHandlers adds what the commands of the reports ask for: two versions of a
// search, of which the first has a mode of 200 ms, and files of several sizes.
func addReportHandlers(mux *http.ServeMux) {
	for version, slow := range map[string]int{"v1": 60, "v2": 2000} {
		mux.HandleFunc("GET /"+version+"/search", func(w http.ResponseWriter, _ *http.Request) {
			wait := time.Duration((1 + rand.ExpFloat64()) * float64(2*time.Millisecond)) //nolint:gosec // no secret
			if rand.IntN(slow) == 0 {                                                    //nolint:gosec // no secret
				wait += 200 * time.Millisecond
			}
			time.Sleep(wait)
			if rand.IntN(slow*3) == 0 { //nolint:gosec // no secret
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = w.Write([]byte("found\n"))
		})
	}
	mux.HandleFunc("GET /old/part/{n}", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(15 * time.Millisecond)
		http.Redirect(w, r, "/part/"+r.PathValue("n"), http.StatusMovedPermanently) //nolint:gosec // on this server
	})
	mux.HandleFunc("GET /part/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		time.Sleep(time.Duration(10+n*7%23) * time.Millisecond)
		for range 3 + n*5%11 {
			_, _ = w.Write(make([]byte, 30_000))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(6 * time.Millisecond)
		}
	})
}

//go:build interop && linux

package interop_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

var picture = flag.Bool("picture", false, "draw docs/debug.png anew")

// TestInteropDebugPage has a real browser show the page of a session under load: calls
// that hold all slots of a host, one of them with a response that nobody reads, and more
// that wait for them. What the browser shows is what Stats says.
func TestInteropDebugPage(t *testing.T) {
	browser := program(t, "chromium")
	const slots, waiting = 4, 5
	goOn := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/report":
			select {
			case <-goOn:
			case <-r.Context().Done():
			}
		case "/v1/cut":
			w.Header().Set("Content-Length", "10")
		}
		_, _ = w.Write([]byte("body"))
	}))
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	_, port, _ := strings.Cut(addr, ":")
	retry := middleware.NewRetrier(middleware.RetryPolicy{})
	s := newSession(t, connector.Config{
		LimitPerHost: slots, OnLeak: func(string) {},
		Hosts: map[string]string{"api.example": addr, "files.example": addr},
	}, retry.Wrap)
	page, err := debug.New(debug.Config{Session: s, Stats: map[string]func() any{"retry": func() any { return retry.Stats() }}})
	if err != nil {
		t.Fatal(err)
	}
	api, files := "http://api.example:"+port, "http://files.example:"+port
	get(t, s, files+"/logo.svg")
	if _, err := s.Get(t.Context(), api+"/v1/report?token=canary", session.Timeout(300*time.Millisecond)); err == nil {
		t.Error("no timeout")
	}
	if resp, err := s.Get(t.Context(), api+"/v1/cut"); err == nil {
		if _, err := resp.Bytes(); err == nil {
			t.Error("a body that was cut: no error")
		}
	}
	held, err := s.Get(t.Context(), "http://me:canary@"+api[len("http://"):]+"/v1/items?page=2")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range slots - 1 + waiting {
		wg.Go(func() {
			if resp, err := s.Get(ctx, api+"/v1/report?token=canary"); err == nil {
				resp.Close()
			}
		})
	}
	for i := 0; s.Connector().Stats().Waiting < waiting; i++ {
		if i == 1000 {
			t.Fatalf("got %+v", s.Connector().Stats())
		}
		<-time.After(pollStep)
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/aiolos", page)
	console := httptest.NewServer(mux)
	defer console.Close()
	dom := browse(t, browser, console.URL+"/debug/aiolos", "--dump-dom")
	checkShown(t, dom, s)
	if *picture {
		shot := filepath.Join(t.TempDir(), "shot.png")
		browse(t, browser, console.URL+"/debug/aiolos", "--screenshot="+shot, "--window-size=1240,940", "--hide-scrollbars")
		shrinkPicture(t, shot, filepath.Join("..", "..", "docs", "debug.png"))
	}
	close(goOn)
	wg.Wait()
	held.Close()
	dom = browse(t, browser, console.URL+"/debug/aiolos", "--dump-dom")
	checkShown(t, dom, s)
	if state := page.State(); len(state.Calls) != 0 || state.Connector.InUse != 0 {
		t.Errorf("afterwards: %+v", state)
	}
}

// checkShown compares what a browser shows with what the connector says.
func checkShown(t *testing.T, dom string, s *session.Session) {
	t.Helper()
	hosts, total := s.Connector().HostStats()
	for id, want := range map[string]uint64{
		"in_use": uint64(total.InUse), "unread": uint64(total.Unread), "idle": uint64(total.Idle), "waiting": uint64(total.Waiting),
		"opened": total.Opened, "closed": total.Closed, "reused": total.Reused, "retried": total.Retried,
	} {
		m := regexp.MustCompile(`id="` + id + `">(\d+)<`).FindStringSubmatch(dom)
		if m == nil {
			t.Fatalf("%s is not shown:\n%s", id, dom)
		}
		if got, err := strconv.ParseUint(m[1], 10, 64); err != nil || got != want {
			t.Errorf("%s: the browser shows %d, Stats says %d", id, got, want)
		}
	}
	for _, h := range hosts {
		row := fmt.Sprintf(`<td class="u">%s://%s</td><td class="n">%d</td><td class="n">%d</td><td class="n">%d</td><td class="n">%d</td><td class="n">%d</td><td class="n">%d</td>`,
			h.Scheme, h.Host, h.InUse, h.Dialing, h.HTTP1.Open, h.HTTP2.Open, h.Idle, h.Waiting)
		if !strings.Contains(dom, row) {
			t.Errorf("the browser does not show %s:\n%s", row, dom)
		}
	}
	if got, want := strings.Count(dom, `<tr class="wait"><td>GET`), total.Waiting; got != want {
		t.Errorf("the browser shows %d calls that wait, Stats says %d", got, want)
	}
	if strings.Contains(dom, "canary") {
		t.Errorf("the browser shows a secret:\n%s", dom)
	}
}

// browse has the browser open a page and end.
func browse(t *testing.T, browser, url string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
		"--user-data-dir=" + t.TempDir(),
	}, append(args, url)...)
	cmd := exec.CommandContext(ctx, browser, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errs, append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %.500s", err, errs.String())
	}
	return out.String()
}

// shrinkPicture writes a picture with the 48 colors that it has most of.
func shrinkPicture(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			counts[img.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return cmp.Compare(counts[b], counts[a]) })
	small := image.NewPaletted(img.Bounds(), colors[:min(len(colors), 48)])
	draw.Draw(small, small.Rect, img, img.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

package har_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
)

// All of them together in a session, over loopback: a compressed response is
// kept as it came and decoded at each use, and a cookie of a kept response does
// not come back.
func TestAllInSession(t *testing.T) {
	leak.Check(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		http.SetCookie(w, &http.Cookie{Name: "n", Value: fmt.Sprint(n), Path: "/"})
		if r.URL.Path == "/cookie" {
			return
		}
		w.Header().Set("Cache-Control", "max-age=1000")
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		io.WriteString(zw, "hello "+strings.Repeat("x", 1000))
		zw.Close()
	}))
	defer server.Close()
	cassettePath := filepath.Join(t.TempDir(), "c.txt")
	var log strings.Builder
	for _, mode := range []cassette.Mode{cassette.Record, cassette.Replay} {
		if mode == cassette.Replay {
			server.Close()
		}
		tape, err := cassette.Open(cassettePath, cassette.Config{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		c := cache.New(cache.Config{OnError: func(err error) { t.Error(err) }})
		archive := har.New(har.Config{})
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := session.New(session.Config{Jar: jar, BaseURL: server.URL, Middleware: []middleware.Middleware{
			middleware.Schemes(middleware.SchemeRules{}), c.Wrap, middleware.Log(middleware.LogConfig{Handler: slog.NewTextHandler(&log, nil)}), archive.Wrap, tape.Wrap,
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/a", "/cookie", "/a"} {
			resp, err := s.Get(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := resp.Text()
			if err != nil || path == "/a" && !strings.HasPrefix(text, "hello x") {
				t.Errorf("%s: got %.20q, %v", path, text, err)
			}
		}
		if got := c.Stats(); got.Hits != 1 || asked.Load() != 2 || archive.Len() != 2 {
			t.Errorf("got %+v, the server was asked %v times, %v in the archive", got, asked.Load(), archive.Len())
		}
		checkArchive(t, archiveText(t, archive))
		if u, _ := url.Parse(server.URL); mode == cassette.Record && fmt.Sprint(jar.Cookies(u)) != "[n=2]" {
			t.Errorf("cookies: got %v, want [n=2]", jar.Cookies(u))
		}
		s.Close()
		c.Close()
		if err := tape.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Count(log.String(), "msg=request"); got != 4 {
		t.Errorf("got %v lines in the log, want 4", got)
	}
}

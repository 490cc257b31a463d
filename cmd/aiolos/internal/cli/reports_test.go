package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReportsHideSecrets: what is secret in a URL, in a redirect and in a header is in
// no report, and what is none is.
func TestReportsHideSecrets(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new?session_id=canary&other=canary", http.StatusFound)
		}
	}))
	t.Cleanup(srv.Close)
	url := strings.Replace(srv.URL, "//", "//me:canary@", 1) + "/old?page=7&token=canary"
	dead := "http://me:canary@127.0.0.1:1/?token=canary"
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"time.html":    {[]string{"time", "-H", "X-Api-Key: canary", url}, 0, "/old?page=7&amp;token=***"},
		"get.html":     {[]string{"get", "-d", t.TempDir(), "-o", "x", url}, 0, "/new?session_id=***&amp;other=***"},
		"bench.html":   {[]string{"bench", "-n", "3", url, "X-Api-Key:canary"}, 0, "/old?page=***&amp;token=***"},
		"compare.svg":  {[]string{"bench", "-n", "3", "--compare", url + "&more=canary", url}, 0, "status 302"},
		"failed.html":  {[]string{"time", "--retry", "0", dead}, 7, "failed"},
		"failing.html": {[]string{"bench", "-n", "3", dead}, 1, "no connection"},
	} {
		page := filepath.Join(t.TempDir(), name)
		got := run(t.Context(), streams(), append(tt.args, "--report", page)...)
		text, err := os.ReadFile(page)
		if err != nil || got.code != tt.code {
			t.Errorf("%s: %v, %+v", name, err, got)
			continue
		}
		if strings.Contains(string(text)+got.out+got.err, "canary") || !strings.Contains(string(text), tt.want) {
			t.Errorf("%s: a secret is in it, or there is no %s:\n%s\n%+v", name, tt.want, text, got)
		}
	}
}

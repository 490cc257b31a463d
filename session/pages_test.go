package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// book is a server whose page n says what comes next.
func book(t *testing.T, next map[string]string) *recorder {
	t.Helper()
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		if to, ok := strings.CutPrefix(next[r.URL.RequestURI()], "-> "); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if link := next[r.URL.RequestURI()]; link != "" {
			w.Header().Set("Link", link)
		}
		fmt.Fprint(w, r.URL.RequestURI())
	})
}

// turn reads all pages and returns their texts.
func turn(t *testing.T, s *session.Session, url string, opts ...session.Option) (string, error) {
	t.Helper()
	var texts []string
	for resp, err := range s.Pages(t.Context(), url, opts...) {
		if err != nil {
			return strings.Join(texts, " "), err
		}
		text, err := resp.Text()
		if err != nil {
			t.Error(err)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " "), nil
}

func TestPages(t *testing.T) {
	t.Parallel()
	links := map[string]string{
		"/a?size=2":  `<?p=2>; rel="next last", <?p=9>; rel=last`,
		"/a?p=2":     `</b#top>; rel=next`,
		"/b":         `</moved>; rel=prev, </x>; anchor="/y"; rel=next, </moved>; rel=next`,
		"/moved":     "-> /c",
		"/c":         `</d>; rel=last`,
		"/self":      `<>; rel=next`,
		"/round":     `</round/2>; rel=next`,
		"/round/2":   `</round>; rel=next`,
		"/ftp":       `<ftp://host.example/>; rel=next`,
		"/bad":       `<%zz>; rel=next`,
		"/gone/next": `</nowhere/>; rel=next`,
	}
	rec := book(t, links)
	s := newSession(t, session.Config{})
	links["/user"] = "<" + strings.Replace(rec.URL, "://", "://u:p@", 1) + "/user#again>; rel=next"
	got, err := turn(t, s, rec.URL+"/a", session.Query("size", "2"), session.Header("X-App", "1"))
	if want := "/a?size=2 /a?p=2 /b /c"; got != want || err != nil {
		t.Errorf("pages %s, %v, want %s", got, err, want)
	}
	for _, h := range rec.hops {
		if h.header.Get("X-App") != "1" {
			t.Errorf("%s came without the option's header", h.path)
		}
	}
	for _, tt := range []struct {
		path, want string
		class      error
	}{
		{"/user", "/user", errors.ErrClientResponse},
		{"/self", "/self", errors.ErrClientResponse},
		{"/round", "/round /round/2", errors.ErrClientResponse},
		{"/ftp", "/ftp", errors.ErrNonHTTPURLRedirectClient},
		{"/bad", "/bad /%25zz", nil},
		{"/gone/next", "/gone/next /nowhere/", nil},
	} {
		got, err := turn(t, s, rec.URL+tt.path)
		if got != tt.want || !errors.Is(err, tt.class) {
			t.Errorf("%s: pages %s, %v", tt.path, got, err)
		}
	}
	if _, err := turn(t, s, "nonsense://x"); !errors.Is(err, errors.ErrInvalidURL) {
		t.Errorf("bad URL: %v", err)
	}
}

func TestPagesBreak(t *testing.T) {
	t.Parallel()
	rec := book(t, map[string]string{"/": `</2>; rel=next`})
	s := newSession(t, session.Config{}) // and looks for slots that are in use at its end
	for resp, err := range s.Pages(t.Context(), rec.URL+"/") {
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("got %v, %v", resp, err)
		}
		break
	}
	if st := s.Connector().Stats(); st.InUse != 0 || rec.count() != 1 {
		t.Errorf("%d connections in use, %d requests", st.InUse, rec.count())
	}
}

// TestPagesSecrets: a link to another origin does not take secrets along, and
// coming back does not bring them back.
func TestPagesSecrets(t *testing.T) {
	t.Parallel()
	var seen []string
	see := func(name string, r *http.Request) {
		seen = append(seen, fmt.Sprintf("%s%s %q %q %q %q", name, r.URL.RequestURI(), r.Header.Get("Authorization"),
			r.Header.Get("X-Key"), r.Header.Get("Cookie"), r.Header.Get("X-App")))
	}
	var a, b *httptest.Server
	b = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		see("b", r)
		if r.URL.Path == "/back" {
			http.Redirect(w, r, a.URL+"/3", http.StatusFound)
			return
		}
		w.Header().Set("Link", "<"+a.URL+"/3>; rel=next")
	}))
	defer b.Close()
	a = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		see("a", r)
		switch r.URL.Path {
		case "/1":
			w.Header().Set("Link", "</2>; rel=next")
		case "/2":
			w.Header().Set("Link", "<"+b.URL+"/x>; rel=next")
		case "/3":
			w.Header().Set("Link", "</4>; rel=next")
		case "/over":
			http.Redirect(w, r, b.URL+"/back", http.StatusFound)
		case "/user":
			w.Header().Set("Link", "<"+strings.Replace(a.URL, "://", "://u:p@", 1)+"/5>; rel=next")
		}
	}))
	defer a.Close()
	s := newSession(t, session.Config{SensitiveHeaders: []string{"X-Key"}})
	opts := []session.Option{
		session.Bearer("t"), session.Header("X-Key", "k"), session.Cookie("c", "1"), session.Header("X-App", "1"), session.Query("q", "1"),
	}
	all, none := `"Bearer t" "k" "c=1" "1"`, `"" "" "" "1"`
	for _, tt := range []struct{ from, want string }{
		{"/1", "a/1?q=1 " + all + "|a/2 " + all + "|b/x " + none + "|a/3 " + none + "|a/4 " + none},
		{"/over", "a/over?q=1 " + all + "|b/back " + none + "|a/3 " + none + "|a/4 " + none},
		{"/user", "a/user?q=1 " + all + `|a/5 "Basic dTpw" "k" "c=1" "1"`},
	} {
		seen = nil
		if _, err := turn(t, s, a.URL+tt.from, opts...); err != nil {
			t.Error(err)
		}
		if got := strings.Join(seen, "|"); got != tt.want {
			t.Errorf("from %s\ngot  %s\nwant %s", tt.from, got, tt.want)
		}
	}
}

package session_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/session"
)

// TestFormData: the server reads what the form has, and it is sent again after a
// redirect.
func TestFormData(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(path, []byte("meow"), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/form", http.StatusTemporaryRedirect)
		}
	})
	s := newSession(t, session.Config{})
	upload := form.New().Field("title", "a cat").File("photo", path)
	for _, url := range []string{"/form", "/again"} {
		resp, err := s.Post(t.Context(), rec.URL+url, session.FormData(upload))
		if err != nil {
			t.Fatal(err)
		}
		resp.Close()
		got := rec.last(t)
		_, params, err := mime.ParseMediaType(got.header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := multipart.NewReader(strings.NewReader(got.body), params["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if f.Value["title"][0] != "a cat" || f.File["photo"][0].Filename != "cat.png" || f.File["photo"][0].Size != 4 {
			t.Errorf("%s: got %v", url, f)
		}
		if got.header.Get("Content-Length") == "" {
			t.Errorf("%s: no Content-Length", url)
		}
	}
	resp, err := s.Post(t.Context(), rec.URL, session.FormData(form.New().Field("b", "1").Field("a", "2")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Close()
	if got := rec.last(t); got.body != "b=1&a=2" || got.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("got %q as %q", got.body, got.header.Get("Content-Type"))
	}
}

// TestMultipart: a body that is no form, and one that can be sent only once.
func TestMultipart(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusPermanentRedirect)
		}
	})
	s := newSession(t, session.Config{})
	resp, err := s.Post(t.Context(), rec.URL, session.Multipart(form.NewMultipart("mixed").Text("one").JSON(2)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Close()
	if got := rec.last(t).header.Get("Content-Type"); !strings.HasPrefix(got, "multipart/mixed; boundary=") {
		t.Errorf("got %q", got)
	}
	once := form.New().Reader("r", io.MultiReader(bytes.NewReader([]byte("x"))))
	if _, err := s.Post(t.Context(), rec.URL+"/again", session.FormData(once)); !errors.Is(err, errors.ErrBodyNotReplayable) {
		t.Errorf("got %v", err)
	}
	for name, o := range map[string]session.Option{
		"nil form":      session.FormData(nil),
		"nil multipart": session.Multipart(nil),
		"no such file":  session.FormData(form.New().File("f", filepath.Join(t.TempDir(), "none"))),
		"bad name":      session.FormData(form.New().Multipart().Field("a\x00", "")),
	} {
		before := rec.count()
		if _, err := s.Post(t.Context(), rec.URL, o); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v", name, err)
		}
		if rec.count() != before {
			t.Errorf("%s: it was sent", name)
		}
	}
	if _, err := session.New(session.Config{Options: opt(session.FormData(once))}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("a default that can be sent once: got %v", err)
	}
}

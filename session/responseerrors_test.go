package session_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestResponseErrorTexts: an error names the request and the reason in one line,
// belongs to the tree, and tells no secret.
func TestResponseErrorTexts(t *testing.T) {
	t.Parallel()
	const badRow = `{"n":"canary"}`
	unmarshal := json.Unmarshal([]byte(badRow), new(row)) // its text is not ours
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/text":
			io.WriteString(w, "\xff")
		case "/parts":
			w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
			io.WriteString(w, "--b\r\nContent-Transfer-Encoding: canary\r\n\r\n")
		case "/record":
			io.WriteString(w, badRow)
		case "/page":
			w.Header().Set("Link", `<ftp://canary:canary@ftp.example/?token=canary>; rel=next`)
		}
	})
	s := newSession(t, session.Config{})
	dir := t.TempDir()
	one := func(r *session.Response) error {
		_, err := r.TextStrict("")
		return err
	}
	for _, tt := range []struct {
		path string
		use  func(r *session.Response) error
		want string // with URL for what was asked
	}{
		{"/text", one, "get URL: text is not valid utf-8 at byte 0"},
		{"/text", func(r *session.Response) error { _, err := r.TextAs("canary"); r.Close(); return err }, "invalid charset: unknown label"},
		{"/text", func(r *session.Response) error { return last(r.Events()) }, "get URL: 200 not an event stream but text/plain"},
		{"/text", func(r *session.Response) error {
			_, err := r.MultipartReader(session.MultipartConfig{})
			return err
		}, "get URL: 200 not multipart but text/plain"},
		{"/parts", func(r *session.Response) error {
			m, err := r.MultipartReader(session.MultipartConfig{})
			if err != nil {
				return err
			}
			return last(m.Parts())
		}, "get URL: multipart: unknown transfer encoding"},
		{"/record", func(r *session.Response) error {
			return last(session.Records[row](r, nil))
		}, "get URL: payload error: 14 bytes: " + unmarshal.Error()},
		{"/page", func(r *session.Response) error {
			r.Close()
			return last(s.Pages(t.Context(), r.URL().String()))
		}, "get: invalid url ftp://***@ftp.example/?token=***: next page has an unsupported scheme"},
		{"/text", func(r *session.Response) error {
			_, err := r.SaveTo(t.Context(), session.SaveConfig{Path: filepath.Join(dir, "x"), Hash: zeroHash, Sum: []byte{1, 2}})
			return err
		}, "get URL: checksum is 00, not 0102"},
	} {
		resp, err := s.Get(t.Context(), rec.URL+tt.path+"?token=canary", session.Bearer("canary"))
		if err != nil {
			t.Fatal(err)
		}
		err = tt.use(resp)
		want := strings.ReplaceAll(tt.want, "URL", rec.URL+tt.path+"?token=***")
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", tt.path, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: a secret is in the text: %v", tt.path, err)
		}
		wantIs(t, err, errors.ErrClient)
	}
}

// last is the error with which a loop ends, or nil.
func last[V any](seq func(func(V, error) bool)) (err error) {
	seq(func(_ V, e error) bool { err = e; return true })
	return err
}

// TestNewErrorClasses: the errors of this package are of their class and of its
// ancestor, and of no other.
func TestNewErrorClasses(t *testing.T) {
	t.Parallel()
	cause := io.ErrNoProgress
	for _, err := range []error{
		&session.CharsetError{Charset: "koi8-r", Offset: -1}, &session.ChecksumError{}, &session.MultipartError{Reason: "x", Err: cause},
	} {
		for _, class := range []error{errors.ErrClient, errors.ErrClientPayload} {
			wantIs(t, err, class)
		}
		for _, class := range []error{errors.ErrClientConnection, errors.ErrBodyTooLarge, errors.ErrTimeout, context.Canceled} {
			if errors.Is(err, class) {
				t.Errorf("%v is %v", err, class)
			}
		}
	}
	wantIs(t, &session.MultipartError{Err: cause}, cause)
	if got := (&session.CharsetError{Charset: "koi8-r", Offset: -1}).Error(); got != "text is not valid koi8-r" {
		t.Errorf("got %q", got)
	}
	if got := (&session.MultipartError{Reason: "x", Err: cause}).Error(); got != "multipart: x: "+cause.Error() {
		t.Errorf("got %q", got)
	}
}

// TestFailedReading: what fails to be read fails in every method, and closes the
// body.
func TestFailedReading(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(r *session.Response) error{
		"TextAs":       func(r *session.Response) error { _, err := r.TextAs("utf-8"); return err },
		"TextStrict":   func(r *session.Response) error { _, err := r.TextStrict(""); return err },
		"TextFallback": func(r *session.Response) error { _, err := r.TextFallback(nil); return err },
		"Events":       func(r *session.Response) error { return last(r.Events()) },
		"Records":      func(r *session.Response) error { return last(session.Records[row](r, nil)) },
		"Multipart": func(r *session.Response) error {
			r.Header.Set("Content-Type", "multipart/mixed; boundary=b")
			m, err := r.MultipartReader(session.MultipartConfig{})
			if err != nil {
				return err
			}
			return readAllParts(m)
		},
		"Save": func(r *session.Response) error {
			_, err := r.Save(t.Context(), filepath.Join(t.TempDir(), "f"))
			return err
		},
	} {
		start := "{}\n{}"
		if name == "Multipart" {
			start = "--b\r\n\r\nabc"
		}
		resp, closed := bodyOf(t, io.MultiReader(strings.NewReader(start), failing{}))
		resp.Header.Set("Content-Type", "text/event-stream")
		err := use(resp)
		if !errors.Is(err, io.ErrNoProgress) || !errors.Is(err, errors.ErrClient) || !*closed {
			t.Errorf("%s: %v, closed: %v", name, err, *closed)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

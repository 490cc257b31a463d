package netrc_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netrc"
)

const canary = "s3cr3t-canary"

// vectors are the files in testdata, by name. Beside each stands what is wanted:
// an error's text, or by host a login and a password, or null for none.
func vectors(tb testing.TB) map[string]string {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.netrc")
	if err != nil || len(paths) < 30 {
		tb.Fatalf("got %d files, %v", len(paths), err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		texts[strings.TrimSuffix(path, ".netrc")] = string(text)
	}
	return texts
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for path, text := range vectors(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path + ".want")
			if err != nil {
				t.Fatal(err)
			}
			f, err := netrc.Parse(text)
			failure := ""
			if json.Unmarshal(raw, &failure) == nil {
				wantError(t, f, err, failure)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{}
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			for host, credentials := range want {
				wantFound(t, f, host, credentials...)
			}
		})
	}
}

// wantFound wants a login and a password, or nothing.
func wantFound(t *testing.T, f *netrc.File, host string, want ...string) {
	t.Helper()
	login, password, ok := f.Find(host)
	if ok != (want != nil) || ok && !slices.Equal([]string{login, password}, want) || !ok && login+password != "" {
		t.Errorf("%s: got %q, %q, %v, want %q", host, login, password, ok, want)
	}
}

// wantError wants an *Error with the text, of its class and without secrets.
func wantError(t *testing.T, f *netrc.File, err error, text string) {
	t.Helper()
	if f != nil || err == nil {
		t.Fatalf("got %v, %v, want %s", f, err, text)
	}
	e, ok := errors.AsType[*netrc.Error](err)
	if !ok || !errors.Is(err, errors.ErrInvalidRequest) || !errors.Is(err, errors.ErrClient) {
		t.Errorf("got %#v, want an *Error of ErrInvalidRequest", err)
	}
	if err.Error() != text {
		t.Errorf("got %q, want %q", err, text)
	}
	if all := fmt.Sprintf("%v %+v %#v", err, *e, *e); strings.Contains(all, canary) {
		t.Errorf("the secret is in %s", all)
	}
}

func TestNilFile(t *testing.T) {
	t.Parallel()
	for _, f := range []*netrc.File{nil, {}} {
		wantFound(t, f, "a.example")
	}
}

// No format prints a password.
func TestFormat(t *testing.T) {
	t.Parallel()
	f, err := netrc.Parse("machine a login b password " + canary + "\ndefault login c password " + canary)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(map[string]any{"file": f})
	if err != nil {
		t.Error(err)
	}
	text := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", f, f, f, *f, *f, *f, encoded)
	if strings.Contains(text, canary) {
		t.Errorf("the secret is in %s", text)
	}
}

// FuzzParse wants a file or an error with a line that the file has; what was
// read must be found, and found again when it is written out.
func FuzzParse(f *testing.F) {
	for _, text := range vectors(f) {
		f.Add(text)
	}
	for _, s := range sources(f) {
		f.Add(s.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := netrc.Parse(text)
		if err != nil {
			e, ok := errors.AsType[*netrc.Error](err)
			if !ok || e.Line < 1 || e.Line > strings.Count(text, "\n")+1 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("got %v of %d lines", err, strings.Count(text, "\n")+1)
			}
			return
		}
		host := strings.ToLower(text)
		login, password, ok := file.Find(host)
		if strings.ContainsAny(login+password+host, "\n") || host == "" || strings.HasSuffix(host, ".") {
			return
		}
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		again, err := netrc.Parse(fmt.Sprintf(`machine "%s" login "%s" password "%s"`,
			quote.Replace(host), quote.Replace(login), quote.Replace(password)))
		if err != nil {
			t.Fatal(err)
		}
		login2, password2, ok2 := again.Find(host)
		if login2 != login || password2 != password || ok2 != ok && login+password != "" {
			t.Errorf("got %q, %q, %v, want %q, %q, %v", login2, password2, ok2, login, password, ok)
		}
	})
}

func ExampleParse() {
	f, err := netrc.Parse("machine api.example login alice password \"open sesame\"\ndefault login guest\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Find("API.example"))
	fmt.Println(f.Find("www.example"))
	_, err = netrc.Parse("machine api.example\nlogin alice\npassword \"open sesame\n")
	fmt.Println(err)
	// Output:
	// alice open sesame true
	// guest  true
	// netrc: line 3: quotes without an end
}

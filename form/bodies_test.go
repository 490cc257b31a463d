package form_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

// TestUrlencodedNames: a url-encoded form has an escape for every character.
func TestUrlencodedNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\x00b": "a%00b", "a\r\nb": "a%0D%0Ab", "\x7f": "%7F", "\x1b[": "%1B%5B", "a b": "a+b", "é": "%C3%A9",
	} {
		if got := send(t, form.New().Field(in, in)); got != want+"="+want {
			t.Errorf("%q: got %q, want %q", in, got, want+"="+want)
		}
		if got := send(t, form.New().Quoting(form.QuotePercent).Field(in, "")); got != want+"=" {
			t.Errorf("%q, quoted: got %q, want %q", in, got, want+"=")
		}
	}
	refused(t, form.New().Field("\xff", ""), "name: is not UTF-8")
}

// TestNamesAsBrowsers: with QuoteWHATWG, once it is asked for, every control character but
// CR and LF goes out as it is, and none of them begins a header.
func TestNamesAsBrowsers(t *testing.T) {
	t.Parallel()
	for c := range byte(0x80) {
		if c >= ' ' && c < 0x7f || c == '\r' || c == '\n' {
			continue
		}
		in := "a" + string(rune(c)) + "b"
		f := form.New().Boundary("b").Quoting(form.QuoteWHATWG).Bytes(in, []byte("x"), form.FileName(in))
		want := "--b\r\nContent-Disposition: form-data; name=\"" + in + "\"; filename=\"" + in + "\"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--\r\n"
		if got := send(t, f); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if c != '\t' {
			refused(t, form.New().Multipart().Field(in, ""), "name: control character")
		}
	}
}

// TestEmptyFile: a field for a file that nobody chose is what browsers send, and what a
// server takes for that.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	f := form.New().Field("a", "1").EmptyFile("photo").EmptyFile("typed", form.ContentType("image/png")).Bytes("plain", nil, form.FileName(""))
	want := []sent{{"a", "", "", "1"}, {"photo", "", "application/octet-stream", ""}, {"typed", "", "image/png", ""}, {"plain", "", "application/octet-stream", ""}}
	got := arrived(t, f)
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("part %d: got %q, want %q", i, got[i:min(i+1, len(got))], want[i])
		}
	}
	body := send(t, f)
	if n := strings.Count(body, `; filename=""`); n != 2 || !strings.Contains(body, `name="photo"; filename=""`) {
		t.Errorf("%d empty file names in %q", n, body)
	}
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType(t, f))
	if err := req.ParseMultipartForm(1 << 20); err != nil || req.PostFormValue("a") != "1" || len(req.MultipartForm.File["photo"]) != 0 {
		t.Errorf("a server gets %v, %+v", err, req.MultipartForm)
	}
}

// TestFileTypes: the type of a file names no charset that nobody has looked for.
func TestFileTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"x.py": "text/x-python", "x.html": "text/html", "x.txt": "text/plain", "x.css": "text/css", "x.png": "image/png",
		"x.unknown-to-all": "application/octet-stream", "x": "application/octet-stream",
	} {
		got := arrived(t, form.New().File("f", file(t, name, "caf\xe9")))
		if len(got) != 1 || got[0].contentType != want && (name != "x.py" || strings.Contains(got[0].contentType, "charset")) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	got := arrived(t, form.New().File("f", file(t, "x.html", "caf\xe9"), form.Charset("iso-8859-1")))
	if len(got) != 1 || got[0].contentType != "text/html; charset=iso-8859-1" {
		t.Errorf("with a charset: got %q", got)
	}
}

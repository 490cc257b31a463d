//go:build interop

package form_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

// python finds an interpreter that has aiohttp.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if out, err := exec.CommandContext(t.Context(), name, "-c", "import aiohttp; print(aiohttp.__version__)").Output(); err == nil {
			t.Logf("%s with aiohttp %s", name, strings.TrimSpace(string(out)))
			return name
		}
	}
	t.Skip("no python3 with aiohttp")
	return ""
}

// aiohttpServer starts aiohttp's server on a port that it chooses.
func aiohttpServer(t *testing.T) string {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", "server.py"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python(t), script)
	stdin, err := cmd.StdinPipe() // the server ends with it
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(line)
}

// pyPart is a part as aiohttp understood it.
type pyPart struct {
	Name     *string           `json:"name"`
	FileName *string           `json:"filename"`
	Type     string            `json:"type"`
	Headers  map[string]string `json:"headers"`
	Data     string            `json:"data"` // base64, decoded by aiohttp
	Parts    []pyPart          `json:"parts"`
	Text     string            `json:"-"`
}

func post(t *testing.T, to string, s source, v any) {
	t.Helper()
	length, err := s.Length()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, open(t, s))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = length
	req.Header.Set("Content-Type", contentType(t, s))
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", resp.Status, data, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, parts []pyPart) {
	t.Helper()
	for i := range parts {
		data, err := base64.StdEncoding.DecodeString(parts[i].Data)
		if err != nil {
			t.Fatal(err)
		}
		parts[i].Text = string(data)
		unpack(t, parts[i].Parts)
	}
}

func TestInteropForm(t *testing.T) {
	base := aiohttpServer(t)
	large := strings.Repeat("0123456789abcdef", 64<<10)
	quotings := map[string]form.Quoting{"whatwg": form.QuoteWHATWG, "percent": form.QuotePercent, "backslash": form.QuoteBackslash}
	names := []string{"plain", "a b", `"`, `a"b"c`, "a;b=c", "é", "Ж", "😀", "user[name][]", "a'b", "a,b", "100%", "a=b", "a:b", "<>", "a/b"}
	for name, q := range quotings {
		t.Run(name, func(t *testing.T) {
			f := form.New().Quoting(q)
			for _, n := range names {
				f.Field(n, "text of "+n, form.FileName(""))
				f.Bytes(n, []byte("bytes of "+n), form.FileName(n+".txt"))
			}
			f.File("large", file(t, "large.bin", large)).Reader("stream", once(large))
			var got []pyPart
			post(t, base+"/multipart", f, &got)
			unpack(t, got)
			if len(got) != 2*len(names)+2 {
				t.Fatalf("%d parts", len(got))
			}
			for i, n := range names {
				text, data := got[2*i], got[2*i+1]
				if text.Text != "text of "+n || data.Text != "bytes of "+n {
					t.Errorf("%q: values %q, %q", n, text.Text, data.Text)
				}
				wantName, wantFile := onWire(q, n), onWire(q, n+".txt")
				if q == form.QuotePercent {
					wantFile = strings.ReplaceAll(url.QueryEscape(n+".txt"), "+", "%20") // aiohttp leaves it so
				}
				checkPy(t, n, "name", text.Name, wantName)
				checkPy(t, n, "name", data.Name, wantName)
				checkPy(t, n, "file name", data.FileName, wantFile)
				if len(text.Headers) != 1 || len(data.Headers) != 2 {
					t.Errorf("%q: headers %q, %q", n, text.Headers, data.Headers)
				}
			}
			if l := got[len(got)-2:]; l[0].Text != large || l[1].Text != large {
				t.Error("the large parts differ")
			}
		})
	}
}

// onWire is what a server that undoes only backslashes sees.
func onWire(q form.Quoting, s string) string {
	switch q {
	case form.QuoteWHATWG:
		return strings.ReplaceAll(s, `"`, "%22")
	case form.QuotePercent:
		var b strings.Builder
		for _, c := range []byte(s) {
			if c == '"' || c == '%' || c >= 0x80 {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	default:
		return s
	}
}

func checkPy(t *testing.T, part, what string, got *string, want string) {
	t.Helper()
	if got == nil || *got != want {
		t.Errorf("%q: %s is %v, want %q", part, what, deref(got), want)
	}
}

func deref(s *string) string {
	if s == nil {
		return "none"
	}
	return fmt.Sprintf("%q", *s)
}

// A name that tries to become a header stays a name.
func TestInteropInjection(t *testing.T) {
	base := aiohttpServer(t)
	evil := "a\"\r\nX-Evil: 1\r\n\r\nbody\r\n--b--\r\n"
	var got []pyPart
	post(t, base+"/multipart", form.New().Boundary("b").Field(evil, "1", form.FileName(evil)).Field("guard", "2"), &got)
	unpack(t, got)
	if len(got) != 2 || got[0].Text != "1" || got[1].Text != "2" || len(got[0].Headers) != 1 {
		t.Fatalf("got %+v", got)
	}
	const escaped = "a%22%0D%0AX-Evil: 1%0D%0A%0D%0Abody%0D%0A--b--%0D%0A"
	checkPy(t, "evil", "name", got[0].Name, escaped)
	checkPy(t, "evil", "file name", got[0].FileName, escaped)
}

// request.post() of aiohttp reads both kinds of forms.
func TestInteropPost(t *testing.T) {
	base := aiohttpServer(t)
	for name, f := range map[string]*form.Form{
		"urlencoded": form.New(),
		"multipart":  form.New().Multipart(),
		"latin1":     form.New().Charset("iso-8859-1").Multipart(),
	} {
		f.Field("a b", "1 & 2").Field("é", "ü+%").Field("empty", "").Field("é", "line\r\nbreak")
		var got [][2]string
		if name == "latin1" {
			f = form.New().Charset("iso-8859-1").Multipart().Field("a b", "1 & 2").Field("e", "ü+%").Field("empty", "").Field("e", "line\r\nbreak")
		}
		post(t, base+"/post", f, &got)
		e := "é"
		if name == "latin1" {
			e = "e"
		}
		if want := [][2]string{{"a b", "1 & 2"}, {e, "ü+%"}, {"empty", ""}, {e, "line\r\nbreak"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestInteropMultipart(t *testing.T) {
	base := aiohttpServer(t)
	content := strings.Repeat("é = 1 \r\n\n", 5000)
	inner := form.NewMultipart("alternative").Text("plain").Text("<b>", form.ContentType("text/html; charset=utf-8"))
	m := form.NewMultipart("mixed").Boundary("out er").
		Text("é😀").
		JSON(map[string]string{"a": "😀"}).
		Bytes([]byte(content), form.ContentEncoding("gzip"), form.FileName("ä\"😀.txt")).
		Bytes([]byte(content), form.ContentEncoding("deflate-raw")).
		Bytes([]byte(content), form.TransferEncoding("base64")).
		Bytes([]byte(content), form.TransferEncoding("quoted-printable")).
		Bytes([]byte(content), form.TransferEncoding("binary")).
		Bytes([]byte(content), form.ContentEncoding("gzip"), form.TransferEncoding("base64")).
		Form(form.New().Field("a", "1 2")).
		Multipart(inner, form.Header("X-Inner", "1")).
		Form(form.New().Field("a", "1").Bytes("b\"", []byte("2"))).
		Text("last")
	var got []pyPart
	post(t, base+"/multipart", m, &got)
	unpack(t, got)
	want := []string{"é😀", `{"a":"😀"}`, content, content, content, content, content, content, "a=1+2", "", "", "last"}
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Text != want[i] {
			t.Errorf("part %d: got %.60q, want %.60q", i, got[i].Text, want[i])
		}
	}
	checkPy(t, "2", "file name", got[2].FileName, "ä%22😀.txt")
	if p := got[9].Parts; len(p) != 2 || p[0].Text != "plain" || p[1].Text != "<b>" || got[9].Headers["X-Inner"] != "1" {
		t.Errorf("the nested multipart: %+v", got[9])
	}
	if p := got[10].Parts; len(p) != 2 || p[0].Text != "1" || p[1].Text != "2" || deref(p[1].Name) != `"b%22"` {
		t.Errorf("the nested form: %+v", got[10])
	}
}

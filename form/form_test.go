package form_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

func TestURLEncoded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		f        *form.Form
		body, ct string
	}{
		{"empty", form.New(), "", "application/x-www-form-urlencoded"},
		{"in order", form.New().Field("b", "2").Field("a", "1").Field("b", "3"), "b=2&a=1&b=3", "application/x-www-form-urlencoded"},
		{"empty name and value", form.New().Field("", "").Field("a", ""), "=&a=", "application/x-www-form-urlencoded"},
		{"space and plus", form.New().Field("a b", "c+d e"), "a+b=c%2Bd+e", "application/x-www-form-urlencoded"},
		{"separators", form.New().Field("a=b&c", "&=%;"), "a%3Db%26c=%26%3D%25%3B", "application/x-www-form-urlencoded"},
		{"utf-8", form.New().Field("Ж", "é😀"), "%D0%96=%C3%A9%F0%9F%98%80", "application/x-www-form-urlencoded"},
		{"line breaks stay", form.New().Field("a", "1\n2\r\n3"), "a=1%0A2%0D%0A3", "application/x-www-form-urlencoded"},
		{"any bytes in a value", form.New().Field("a", "\x00\xff"), "a=%00%FF", "application/x-www-form-urlencoded"},
		{"utf-8, said", form.New().Charset("UTF-8").Field("a", "é"), "a=%C3%A9", "application/x-www-form-urlencoded"},
		{"latin1", form.New().Charset("iso-8859-1").Field("ü", "é"), "%FC=%E9", "application/x-www-form-urlencoded; charset=iso-8859-1"},
		{"the empty option is none", form.New().Field("a", "1", form.PartOption{}), "a=1", "application/x-www-form-urlencoded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := send(t, tt.f); got != tt.body {
				t.Errorf("got %q, want %q", got, tt.body)
			}
			if got := contentType(t, tt.f); got != tt.ct {
				t.Errorf("got %q, want %q", got, tt.ct)
			}
		})
	}
}

// What a url.Values can hold comes out as it encodes it.
func TestURLEncodedLikeValues(t *testing.T) {
	t.Parallel()
	v := url.Values{"a": {"1", "x y"}, "k&=": {"~*-._+/?"}}
	f := form.New().Field("a", "1").Field("a", "x y").Field("k&=", "~*-._+/?")
	if got, want := send(t, f), v.Encode(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMultipartWhenNeeded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		f    *form.Form
		want bool
	}{
		{"texts", form.New().Field("a", "1"), false},
		{"forced", form.New().Field("a", "1").Multipart(), true},
		{"forced and empty", form.New().Multipart(), true},
		{"bytes", form.New().Bytes("a", nil), true},
		{"path", form.New().File("a", file(t, "x", "")), true},
		{"file", form.New().OSFile("a", osFile(t, "")), true},
		{"reader", form.New().Reader("a", strings.NewReader("")), true},
		{"content type", form.New().Field("a", "1", form.ContentType("text/html")), true},
		{"file name", form.New().Field("a", "1", form.FileName("x")), true},
		{"header", form.New().Field("a", "1", form.Header("X-A", "1")), true},
		{"charset", form.New().Field("a", "1", form.Charset("utf-8")), true},
		{"transfer encoding", form.New().Field("a", "1", form.TransferEncoding("8bit")), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.HasPrefix(contentType(t, tt.f), "multipart/form-data; boundary=aiolos-"); got != tt.want {
				t.Errorf("multipart is %v, want %v", got, tt.want)
			}
			send(t, tt.f)
		})
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	f := form.New().
		Field("text", "1").
		Field("json", `{"a":1}`, form.ContentType("application/json")).
		Field("empty", "", form.FileName("none.txt")).
		Bytes("bytes", []byte("\x00\x01")).
		Bytes("text bytes", []byte("abc"), form.Charset("utf-16")).
		Bytes("html", []byte("abc"), form.ContentType("text/html"), form.Charset("koi8-r"), form.FileName("a.html")).
		File("photo", file(t, "cat.png", "PNG")).
		File("renamed", file(t, "cat.png", "PNG"), form.FileName("dog.json")).
		File("nameless", file(t, "cat.png", "PNG"), form.FileName("")).
		File("typed", file(t, "cat.png", "PNG"), form.ContentType("x/y; a=b")).
		OSFile("os", osFile(t, "hello")).
		Reader("reader", strings.NewReader("plain")).
		Reader("named", osFile(t, "named"))
	want := []sent{
		{"text", "", "", "1"},
		{"json", "", "application/json", `{"a":1}`},
		{"empty", "none.txt", "", ""},
		{"bytes", "", "application/octet-stream", "\x00\x01"},
		{"text bytes", "", "text/plain; charset=utf-16", "abc"},
		{"html", "a.html", "text/html; charset=koi8-r", "abc"},
		{"photo", "cat.png", "image/png", "PNG"},
		{"renamed", "dog.json", "application/json", "PNG"},
		{"nameless", "", "application/octet-stream", "PNG"},
		{"typed", "cat.png", "x/y; a=b", "PNG"},
		{"os", "note.txt", "text/plain", "hello"},
		{"reader", "reader", "application/octet-stream", "plain"},
		{"named", "note.txt", "text/plain", "named"},
	}
	got := arrived(t, f)
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("part %d: got %q, want %q", i, got[i:min(i+1, len(got))], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d parts, want %d", len(got), len(want))
	}
}

func TestCharsetOfTexts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		f    *form.Form
		want []sent
	}{
		{
			"of the form", form.New().Charset("iso-8859-1").Multipart().Field("a", "é").Bytes("b", []byte("é")),
			[]sent{{"a", "", "text/plain; charset=iso-8859-1", "\xe9"}, {"b", "", "application/octet-stream", "é"}},
		},
		{
			"of the part", form.New().Charset("utf-8").Field("a", "é", form.Charset("latin1")).Field("b", "é"),
			[]sent{{"a", "", "text/plain; charset=latin1", "\xe9"}, {"b", "", "text/plain; charset=utf-8", "é"}},
		},
		{
			"of the content type", form.New().Field("a", "é", form.ContentType("text/html; charset=ISO-8859-1")),
			[]sent{{"a", "", "text/html; charset=ISO-8859-1", "\xe9"}},
		},
		{
			"both say the same", form.New().Field("a", "é", form.ContentType("text/html; charset=utf-8"), form.Charset("UTF-8")),
			[]sent{{"a", "", "text/html; charset=utf-8", "é"}},
		},
		{
			"ascii", form.New().Field("a", "e", form.Charset("us-ascii")),
			[]sent{{"a", "", "text/plain; charset=us-ascii", "e"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := arrived(t, tt.f); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPartHeaders(t *testing.T) {
	t.Parallel()
	f := form.New().Field("a", "1", form.Header("x-ONE", "é\tb"), form.Header("X-Two", ""), form.Header("x-ONE", "2"))
	p, err := reader(t, f).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Header.Values("X-One"), []string{"é\tb", "2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := p.Header.Values("X-Two"); len(got) != 1 || got[0] != "" {
		t.Errorf("the empty header: %q", got)
	}
	if !strings.Contains(send(t, f), "\r\nx-ONE: é\tb\r\nX-Two: \r\nx-ONE: 2\r\n\r\n") {
		t.Errorf("not as spelt: %q", send(t, f))
	}
}

func TestRepeatedOpen(t *testing.T) {
	t.Parallel()
	f := form.New().Field("a", "1").File("b", file(t, "b.txt", "bb")).OSFile("c", osFile(t, "cc")).Bytes("d", []byte("dd"))
	if !f.Replayable() {
		t.Fatal("the form is not replayable")
	}
	first, ct := send(t, f), contentType(t, f)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			body, err := f.Open()
			if err != nil {
				t.Error(err)
				return
			}
			defer body.Close()
			if data, err := io.ReadAll(body); err != nil || string(data) != first {
				t.Errorf("got %q, %v; want %q", data, err, first)
			}
			if again, err := f.ContentType(); err != nil || again != ct {
				t.Errorf("got %q, %v; want %q", again, err, ct)
			}
		})
	}
	wg.Wait()
}

func TestClone(t *testing.T) {
	t.Parallel()
	f := form.New().Boundary("one").Bytes("a", []byte("1"))
	c := f.Clone().Boundary("two").Field("b", "2")
	if got := arrived(t, f); len(got) != 1 || got[0].value != "1" {
		t.Errorf("the form: %q", got)
	}
	if got := arrived(t, c); len(got) != 2 || got[1].value != "2" {
		t.Errorf("its clone: %q", got)
	}
	if got := contentType(t, f); got != "multipart/form-data; boundary=one" {
		t.Errorf("the form's type: %q", got)
	}
	if got := contentType(t, c); got != "multipart/form-data; boundary=two" {
		t.Errorf("the clone's type: %q", got)
	}
}

// A server of net/http reads what a client of net/http sends.
func TestServerParses(t *testing.T) {
	t.Parallel()
	f := form.New().Field("a b", "1\r\n2").File("up", file(t, "ü.bin", strings.Repeat("x", 100_000)))
	body := open(t, f)
	defer body.Close()
	req := httptest.NewRequest(http.MethodPost, "/", body)
	req.Header.Set("Content-Type", contentType(t, f))
	if err := req.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	if got := req.PostForm; !reflect.DeepEqual(got, url.Values{"a b": {"1\r\n2"}}) {
		t.Errorf("values: %q", got)
	}
	up := req.MultipartForm.File["up"]
	if len(up) != 1 || up[0].Filename != "ü.bin" || up[0].Size != 100_000 {
		t.Errorf("files: %+v", up)
	}
}

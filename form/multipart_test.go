package form_test

import (
	"io"
	"mime"
	"mime/multipart"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

func TestMultipartParts(t *testing.T) {
	t.Parallel()
	m := form.NewMultipart("").
		Text("héllo").
		Text("é", form.ContentType("text/html; charset=iso-8859-1")).
		Bytes([]byte{0, 1}).
		Bytes([]byte("x"), form.ContentType("x/y"), form.FileName(`a"b.bin`)).
		JSON(map[string]int{"a": 1}).
		JSON(nil).
		File(file(t, "cat.png", "PNG")).
		File(file(t, "cat.png", "PNG"), form.FileName("")).
		OSFile(osFile(t, "note")).
		Reader(strings.NewReader("plain")).
		Form(form.New().Field("a", "1 2"))
	want := []sent{
		{"", "", "text/plain; charset=utf-8", "héllo"},
		{"", "", "text/html; charset=iso-8859-1", "\xe9"},
		{"", "", "application/octet-stream", "\x00\x01"},
		{"", "a%22b.bin", "x/y", "x"},
		{"", "", "application/json", `{"a":1}`},
		{"", "", "application/json", `null`},
		{"", "cat.png", "image/png", "PNG"},
		{"", "", "application/octet-stream", "PNG"},
		{"", "note.txt", "text/plain", "note"},
		{"", "", "application/octet-stream", "plain"},
		{"", "", "application/x-www-form-urlencoded", "a=1+2"},
	}
	if got := arrived(t, m); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if ct := contentType(t, m); !strings.HasPrefix(ct, "multipart/mixed; boundary=aiolos-") {
		t.Errorf("content type: %q", ct)
	}
}

func TestMultipartTypes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		m    *form.Multipart
		want string
	}{
		{"mixed", form.NewMultipart("").Boundary("b"), "multipart/mixed; boundary=b"},
		{"upper case", form.NewMultipart("Alternative").Boundary("b"), "multipart/alternative; boundary=b"},
		{"parameter", form.NewMultipart("x-a").Boundary("b").Param("Start", "<a@b>"), `multipart/x-a; boundary=b; start="<a@b>"`},
		{"parameter twice", form.NewMultipart("x-a").Boundary("b").Param("s", "1").Param("S", "2"), `multipart/x-a; boundary=b; s=2`},
		{
			"related names its first type", form.NewMultipart("related").Boundary("b").Text("<a>", form.ContentType("text/html")).JSON(1),
			`multipart/related; boundary=b; type="text/html"`,
		},
		{
			"related with parameters", form.NewMultipart("related").Boundary("b").Param("start", "1").JSON(1),
			`multipart/related; boundary=b; start=1; type="application/json"`,
		},
		{"related with a type", form.NewMultipart("related").Boundary("b").Param("type", "a/b").JSON(1), `multipart/related; boundary=b; type="a/b"`},
		{"related and empty", form.NewMultipart("related").Boundary("b"), `multipart/related; boundary=b`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				if got := contentType(t, tt.m); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func TestNested(t *testing.T) {
	t.Parallel()
	inner := form.NewMultipart("alternative").Text("plain").Text("<b>", form.ContentType("text/html"))
	f := form.New().Field("a", "1").File("up", file(t, "a.txt", strings.Repeat("x", 10_000)))
	m := form.NewMultipart("mixed").Text("first").Multipart(inner, form.Header("X-Inner", "1")).Form(f).Text("last")
	r := reader(t, m)
	var types []string
	var leaves []string
	var walk func(r *multipart.Reader)
	walk = func(r *multipart.Reader) {
		for {
			p, err := r.NextPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			mediaType, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
			if err != nil && p.Header.Get("Content-Type") != "" {
				t.Fatal(err)
			}
			types = append(types, mediaType)
			if strings.HasPrefix(mediaType, "multipart/") {
				walk(multipart.NewReader(p, params["boundary"]))
				continue
			}
			data, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, string(data[:min(len(data), 5)]))
		}
	}
	walk(r)
	if want := []string{"text/plain", "multipart/alternative", "text/plain", "text/html", "multipart/form-data", "", "text/plain", "text/plain"}; !reflect.DeepEqual(types, want) {
		t.Errorf("types: got %q, want %q", types, want)
	}
	if want := []string{"first", "plain", "<b>", "1", "xxxxx", "last"}; !reflect.DeepEqual(leaves, want) {
		t.Errorf("got %q, want %q", leaves, want)
	}
	if n, err := m.Length(); n < 10_000 || err != nil {
		t.Errorf("length: %d, %v", n, err)
	}
}

// What a nested body cannot do, the outer one cannot either.
func TestNestedOnce(t *testing.T) {
	t.Parallel()
	m := form.NewMultipart("").Form(form.New().Reader("r", once("x")))
	if m.Replayable() {
		t.Error("it is replayable")
	}
	if n, err := m.Length(); n != -1 || err != nil {
		t.Errorf("length: %d, %v", n, err)
	}
	send(t, m)
	if _, err := m.Open(); !errors.Is(err, errors.ErrBodyNotReplayable) {
		t.Errorf("opened again: %v", err)
	}
}

func TestMultipartRefused(t *testing.T) {
	t.Parallel()
	self := form.NewMultipart("")
	self.Multipart(self)
	above, below := form.NewMultipart(""), form.NewMultipart("")
	above.Multipart(form.NewMultipart("").Multipart(below))
	below.Multipart(above)
	named := form.Header("content-disposition", `form-data; name="a"`)
	tests := []struct {
		name   string
		m      source
		reason string
	}{
		{"in itself", self, "contains this one"},
		{"in what it contains", below, "contains this one"},
		{"the one above", above, "contains this one"},
		{"nil body", form.NewMultipart("").Multipart(nil), "multipart part 1: nil body"},
		{"nil form", form.NewMultipart("").Text("").Form(nil), "multipart part 2: nil form"},
		{"subtype", form.NewMultipart("a/b"), "malformed subtype"},
		{"parameter", form.NewMultipart("").Param("a b", "1"), "parameter that cannot be set"},
		{"parameter boundary", form.NewMultipart("").Param("Boundary", "1"), "parameter that cannot be set"},
		{"the first is told", form.NewMultipart("/").Param("Boundary", "1"), "malformed subtype"},
		{"not JSON", form.NewMultipart("").JSON(func() {}), "multipart part 1: cannot be encoded as JSON"},
		{"bad nested form", form.NewMultipart("").Form(form.New().Multipart().Field("\x00", "")), "control character"},
		{"bad nested body", form.NewMultipart("").Multipart(form.NewMultipart("").JSON(func() {})), "cannot be encoded"},
		{"type of a nested body", form.NewMultipart("").Form(form.New(), form.ContentType("a/b")), "that of the body in it"},
		{"charset of a nested body", form.NewMultipart("").Form(form.New(), form.Charset("utf-8")), "that of the body in it"},
		{"base64 of a nested body", form.NewMultipart("").Form(form.New(), form.TransferEncoding("base64")), "RFC 2045 6.4"},
		{"form-data without a name", form.NewMultipart("form-data").Text(""), "needs a Content-Disposition"},
		{"form-data, compressed", form.NewMultipart("form-data").Text("", named, form.ContentEncoding("gzip")), "cannot be encoded"},
		{"form-data, base64", form.NewMultipart("form-data").Text("", named, form.TransferEncoding("base64")), "cannot be encoded"},
		{"compressed in a form", form.New().Bytes("a", nil, form.ContentEncoding("gzip")), "cannot be compressed"},
		{"bad content encoding", form.NewMultipart("").Text("", form.ContentEncoding("br")), "neither gzip nor deflate"},
		{"bad transfer encoding", form.New().Field("a", "", form.TransferEncoding("uu")), "unknown content transfer encoding"},
		{"header of its own", form.New().Field("a", "", form.Header("content-TYPE", "a/b")), "not the caller's to set"},
		{"length of a part", form.NewMultipart("").Text("", form.Header("Content-Length", "0")), "not the caller's to set"},
		{"disposition in a form", form.New().Field("a", "", named), "not the caller's to set"},
		{"empty header name", form.New().Field("a", "", form.Header("", "")), "malformed header name"},
		{"type without a slash", form.New().Field("a", "", form.ContentType("text")), "malformed content type"},
		{"type with junk", form.New().Field("a", "", form.ContentType("text/plain; =")), "malformed content type"},
		{"charset that nobody has", form.New().Field("a", "", form.Charset("koi8-r")), "neither utf-8, us-ascii nor iso-8859-1"},
		{"the form's charset", form.New().Charset("koi8-r"), "neither utf-8, us-ascii nor iso-8859-1"},
		{"text not in its charset", form.New().Field("a", "Ж", form.Charset("latin1")), "character that the charset does not have"},
		{"url-encoded text not in its charset", form.New().Charset("ascii").Field("a", "é"), "character that the charset does not have"},
		{"two charsets", form.New().Field("a", "", form.Charset("latin1"), form.ContentType("a/b; charset=utf-8")), "two charsets"},
		{"two charsets, related", form.NewMultipart("related").Text("", form.Charset("latin1")), "two charsets"},
		{"the zero form", &form.Form{}, "invalid boundary: empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.m, tt.reason)
		})
	}
}

func TestFormDataByHand(t *testing.T) {
	t.Parallel()
	m := form.NewMultipart("form-data").Bytes([]byte("1"), form.Header("Content-Disposition", `form-data; name="a"; filename="b"`), form.FileName("c"))
	if got, want := arrived(t, m), []sent{{"a", "b", "application/octet-stream", "1"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOptionText(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]form.PartOption{
		"":                           {},
		`ContentType("text/html")`:   form.ContentType("text/html"),
		`FileName("a\r\n")`:          form.FileName("a\r\n"),
		`Charset("utf-8")`:           form.Charset("utf-8"),
		`Header("X-Secret")`:         form.Header("X-Secret", "hunter2"),
		`ContentEncoding("gzip")`:    form.ContentEncoding("gzip"),
		`TransferEncoding("base64")`: form.TransferEncoding("base64"),
		`Size(5)`:                    form.Size(5),
	} {
		if got := o.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A later option wins, and the empty value takes an earlier one back.
func TestLaterOptionWins(t *testing.T) {
	t.Parallel()
	f := form.New().Bytes("a", []byte("1"),
		form.FileName("x"), form.FileName("y"),
		form.ContentType("a/b"), form.ContentType(""),
		form.Charset("utf-8"), form.Charset(""),
		form.TransferEncoding("base64"), form.TransferEncoding(""))
	if got, want := arrived(t, f), []sent{{"a", "y", "application/octet-stream", "1"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

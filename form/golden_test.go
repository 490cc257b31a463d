package form_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

var update = flag.Bool("update", false, "write the golden bodies anew")

// A golden file is the Content-Type, an empty line, and the body, byte for byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	tests := map[string]source{
		"urlencoded": form.New().Field("title", "A cat & a dog").Field("tag", "é").Field("tag", "😀").Field("", "x=y"),
		"empty":      form.New().Boundary("b").Multipart(),
		"simple": form.New().Boundary("simple").Field("title", "cat").
			File("photo", file(t, "cat.json", "[]")).Bytes("raw", []byte{0, 0xff, '\r', '\n'}),
		"browser": form.New().Boundary("----WebKitFormBoundary7MA4YWxkTrZu0gW").
			Field("a\"b\r\nX-Evil: 1", "line\nfeed").
			Bytes("füle[]", []byte("x"), form.FileName("\"quoted\"\n😀\\.txt"), form.ContentType("text/plain")),
		"percent":   form.New().Boundary("b").Quoting(form.QuotePercent).Bytes(`nä"me[]`, []byte("x"), form.FileName("a b/é.txt")),
		"backslash": form.New().Boundary("b").Quoting(form.QuoteBackslash).Bytes(`nä"me[]`, []byte("x"), form.FileName(`a\b"é.txt`)),
		"charset": form.New().Boundary("b").Charset("iso-8859-1").Field("ü", "é").
			Field("u", "é", form.Charset("utf-8")).Bytes("b", []byte("é"), form.ContentType("text/plain"), form.Charset("utf-8")),
		"options": form.New().Boundary("b").
			Field("a", "{}", form.ContentType("application/json"), form.FileName("a.json"), form.Header("X-Id", "1"), form.Header("X-Id", "2")).
			Field("b", strings.Repeat("é=", 30), form.TransferEncoding("quoted-printable"), form.Charset("utf-8")).
			Bytes("c", []byte(strings.Repeat("base", 20)), form.TransferEncoding("base64")).
			Bytes("d", []byte("8"), form.TransferEncoding("8bit")),
		"quoted-boundary": form.NewMultipart("").Boundary("a b=c").Text("x"),
		"related": form.NewMultipart("related").Boundary("rel").Param("start", "<root@x>").
			Text("<img src='cid:i@x'>", form.ContentType("text/html"), form.Header("Content-ID", "<root@x>")).
			Bytes([]byte("PNG"), form.ContentType("image/png"), form.Header("Content-ID", "<i@x>"), form.FileName("i.png")),
		"nested": form.NewMultipart("mixed").Boundary("outer").
			Text("text").JSON(map[string]string{"a": "é<"}).
			Form(form.New().Field("a", "1 2")).
			Form(form.New().Boundary("form").Field("a", "1").Bytes("b", []byte("2"))).
			Multipart(form.NewMultipart("alternative").Boundary("alt").Text("plain").Text("<b>", form.ContentType("text/html; charset=utf-8")), form.Header("X-A", "1")).
			Bytes([]byte("end"), form.FileName("end.bin")),
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := contentType(t, s) + "\r\n\r\n" + send(t, s)
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
		})
	}
}

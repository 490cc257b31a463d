package form_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// show prints what is sent, with the line ends of this file.
func show(s source) {
	contentType, err := s.ContentType()
	if err != nil {
		fmt.Println(err)
		return
	}
	length, _ := s.Length()
	fmt.Println(contentType, length)
	body, err := s.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	fmt.Println(strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n")))
	if err != nil {
		fmt.Println(err)
	}
}

// temp makes a file to send.
func temp(name, content string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "form")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		panic(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

func ExampleNew() {
	show(form.New().Field("user", "gopher").Field("tag", "a b").Field("tag", "c"))
	// Output:
	// application/x-www-form-urlencoded 25
	// user=gopher&tag=a+b&tag=c
}

func ExampleForm_Field() {
	show(form.New().Boundary("b").Field("data", `{"a":1}`, form.ContentType("application/json")))
	// Output:
	// multipart/form-data; boundary=b 100
	// --b
	// Content-Disposition: form-data; name="data"
	// Content-Type: application/json
	//
	// {"a":1}
	// --b--
}

func ExampleForm_File() {
	path, remove := temp("cat.json", "[]")
	defer remove()
	show(form.New().Boundary("b").Field("title", "cat").File("data", path))
	// Output:
	// multipart/form-data; boundary=b 174
	// --b
	// Content-Disposition: form-data; name="title"
	//
	// cat
	// --b
	// Content-Disposition: form-data; name="data"; filename="cat.json"
	// Content-Type: application/json
	//
	// []
	// --b--
}

func ExampleForm_OSFile() {
	path, remove := temp("log.txt", "old\nnew")
	defer remove()
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close() // the form does not
	if _, err := file.Seek(4, io.SeekStart); err != nil {
		panic(err)
	}
	show(form.New().Boundary("b").OSFile("log", file))
	// Output:
	// multipart/form-data; boundary=b 109
	// --b
	// Content-Disposition: form-data; name="log"; filename="log.txt"
	// Content-Type: text/plain
	//
	// new
	// --b--
}

func ExampleForm_Bytes() {
	show(form.New().Boundary("b").Bytes("raw", []byte("1"), form.FileName("raw.bin"), form.ContentType("x/y")))
	// Output:
	// multipart/form-data; boundary=b 100
	// --b
	// Content-Disposition: form-data; name="raw"; filename="raw.bin"
	// Content-Type: x/y
	//
	// 1
	// --b--
}

// A reader that cannot seek makes the length unknown, unless it is given.
func ExampleForm_Reader() {
	stream := func() io.Reader { return io.MultiReader(strings.NewReader("streamed")) }
	f := form.New().Reader("a", stream())
	length, _ := f.Length()
	fmt.Println(length, f.Replayable())

	show(form.New().Boundary("b").Reader("a", stream(), form.Size(8)))
	// Output:
	// -1 false
	// multipart/form-data; boundary=b 120
	// --b
	// Content-Disposition: form-data; name="a"; filename="a"
	// Content-Type: application/octet-stream
	//
	// streamed
	// --b--
}

func ExampleForm_Open() {
	f := form.New().Reader("a", io.MultiReader(strings.NewReader("once")))
	for range 2 {
		body, err := f.Open()
		if err != nil {
			fmt.Println(err, errors.Is(err, errors.ErrBodyNotReplayable))
			return
		}
		body.Close()
	}
	// Output: request body cannot be sent again: form part "a" was read from a stream true
}

func ExampleForm_ContentType() {
	_, err := form.New().Multipart().Field("a\x00b", "1").ContentType()
	fmt.Println(err)
	_, err = form.New().Field("a", "1", form.Header("X-A", "1\r\nX-Evil: 1")).ContentType()
	fmt.Println(err)
	// Output:
	// invalid form part "a\x00b": name: control character
	// invalid form part "a": control character in its header X-A
}

func ExampleForm_EmptyFile() {
	body, err := form.New().Boundary("b").EmptyFile("photo").Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	fmt.Printf("%q %v\n", data, err)
	// Output: "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n" <nil>
}

func ExampleForm_Multipart() {
	show(form.New().Boundary("b").Multipart().Field("a", "1"))
	// Output:
	// multipart/form-data; boundary=b 59
	// --b
	// Content-Disposition: form-data; name="a"
	//
	// 1
	// --b--
}

func ExampleForm_Boundary() {
	contentType, _ := form.New().Multipart().Boundary("a b").ContentType()
	fmt.Println(contentType)
	// Output: multipart/form-data; boundary="a b"
}

func ExampleForm_Quoting() {
	for _, q := range []form.Quoting{form.QuoteWHATWG, form.QuotePercent, form.QuoteBackslash} {
		body, err := form.New().Quoting(q).Field("a", "", form.FileName(`"é".txt`)).Open()
		if err != nil {
			panic(err)
		}
		data, _ := io.ReadAll(body)
		fmt.Println(strings.Split(string(data), "\r\n")[1])
	}
	// Output:
	// Content-Disposition: form-data; name="a"; filename="%22é%22.txt"
	// Content-Disposition: form-data; name="a"; filename="%22%C3%A9%22.txt"
	// Content-Disposition: form-data; name="a"; filename="\"é\".txt"
}

func ExampleForm_Charset() {
	show(form.New().Charset("iso-8859-1").Field("city", "Zürich"))
	// Output:
	// application/x-www-form-urlencoded; charset=iso-8859-1 13
	// city=Z%FCrich
}

func ExampleForm_Clone() {
	f := form.New().Field("a", "1")
	show(f.Clone().Field("b", "2"))
	show(f)
	// Output:
	// application/x-www-form-urlencoded 7
	// a=1&b=2
	// application/x-www-form-urlencoded 3
	// a=1
}

func ExampleNewMultipart() {
	show(form.NewMultipart("mixed").Boundary("b").
		JSON(map[string]int{"a": 1}).
		Form(form.New().Field("q", "x y")).
		Text("é", form.Header("X-Part", "3"), form.TransferEncoding("base64")))
	// Output:
	// multipart/mixed; boundary=b 218
	// --b
	// Content-Type: application/json
	//
	// {"a":1}
	// --b
	// Content-Type: application/x-www-form-urlencoded
	//
	// q=x+y
	// --b
	// Content-Type: text/plain; charset=utf-8
	// Content-Transfer-Encoding: base64
	// X-Part: 3
	//
	// w6k=
	// --b--
}

func ExampleMultipart_Multipart() {
	text := form.NewMultipart("alternative").Boundary("in").Text("hi").Text("<b>hi", form.ContentType("text/html"))
	show(form.NewMultipart("mixed").Boundary("out").Multipart(text).Bytes([]byte("x"), form.FileName("x.bin")))
	// Output:
	// multipart/mixed; boundary=out 274
	// --out
	// Content-Type: multipart/alternative; boundary=in
	//
	// --in
	// Content-Type: text/plain; charset=utf-8
	//
	// hi
	// --in
	// Content-Type: text/html
	//
	// <b>hi
	// --in--
	//
	// --out
	// Content-Disposition: attachment; filename="x.bin"
	// Content-Type: application/octet-stream
	//
	// x
	// --out--
}

func ExampleContentEncoding() {
	length, err := form.NewMultipart("").Text("compressed as it is sent", form.ContentEncoding("gzip")).Length()
	fmt.Println(length, err)
	// Output: -1 <nil>
}

func ExampleHeader() {
	fmt.Println(form.Header("X-Secret", "hunter2"))
	// Output: Header("X-Secret")
}

// A part that is shorter than it was said to be never becomes a wrong body.
func ExampleSizeError() {
	show(form.New().Boundary("b").Reader("a", strings.NewReader("hel"), form.Size(5)))
	// Output:
	// multipart/form-data; boundary=b 117
	// --b
	// Content-Disposition: form-data; name="a"; filename="a"
	// Content-Type: application/octet-stream
	//
	// hel
	// form part "a": size changed: 3 bytes, not 5
}

func ExampleTypeByName() {
	fmt.Println(form.TypeByName("photo.JPG"))
	fmt.Println(form.TypeByName("index.html"))
	// Output:
	// image/jpeg
	// text/html
}

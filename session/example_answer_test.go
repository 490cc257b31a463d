package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// exampleAnswer is the response of a server that always gives this one.
func exampleAnswer(body string, header ...string) *session.Response {
	resp, err := exampleServer(body, header...).Get(context.Background(), "http://example.com/dir/page")
	if err != nil {
		panic(err)
	}
	return resp
}

func exampleServer(body string, header ...string) *session.Session {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	s, err := canned(session.Config{}, http.StatusOK, h, body)
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleResponse_TextAs() {
	resp := exampleAnswer("caf\xe9 \x81", "Content-Type", "text/plain; charset=utf-8")
	text, err := resp.TextAs("windows-1252")
	fmt.Printf("%+q %v\n", text, err)
	// Output: "caf\u00e9 \ufffd" <nil>
}

func ExampleResponse_TextStrict() {
	resp := exampleAnswer("caf\xe9", "Content-Type", "text/plain; charset=utf-8")
	_, err := resp.TextStrict("")
	fmt.Println(err)
	text, err := resp.TextStrict("latin1")
	fmt.Println(text, err)
	// Output:
	// get http://example.com/dir/page: text is not valid utf-8 at byte 3
	// café <nil>
}

func ExampleResponse_TextFallback() {
	resp := exampleAnswer("\xf0\xd2\xc9\xd7\xc5\xd4", "Content-Type", "text/plain")
	text, err := resp.TextFallback(func(*session.Response, []byte) string { return "koi8-r" })
	fmt.Println(text, err)
	// Output: Привет <nil>
}

func ExampleResponse_Encoding() {
	fmt.Println(exampleAnswer("", "Content-Type", "text/plain; charset=latin1").Encoding())
	fmt.Println(exampleAnswer("", "Content-Type", "application/json").Encoding())
	fmt.Printf("%q\n", exampleAnswer("", "Content-Type", "text/plain").Encoding())
	// Output:
	// windows-1252
	// utf-8
	// ""
}

func ExampleResponse_ContentDisposition() {
	resp := exampleAnswer("", "Content-Disposition", `attachment; filename="x"; filename*=UTF-8''..%2f%e2%82%ac.txt`)
	cd := resp.ContentDisposition()
	fmt.Println(cd.Type)
	fmt.Println(cd.FileName())
	fmt.Println(cd.SafeName())
	// Output:
	// attachment
	// ../€.txt
	// €.txt
}

func ExampleParseContentDisposition() {
	cd, err := session.ParseContentDisposition(`form-data; name="photo"; filename*0="a long"; filename*1=" name.png"`)
	fmt.Println(cd.Type, cd.Param("name"), cd.FileName(), err)
	_, err = session.ParseContentDisposition(`attachment; filename=a; filename=b`)
	fmt.Println(err)
	// Output:
	// form-data photo a long name.png <nil>
	// parse content-disposition: a parameter twice: malformed response
}

func ExampleSafeFileName() {
	for _, name := range []string{"report.pdf", "../../etc/passwd", "con.txt", ".bashrc", "-rf", "a\x1b[31m\n.txt", ".."} {
		fmt.Printf("%q\n", session.SafeFileName(name))
	}
	// Output:
	// "report.pdf"
	// "passwd"
	// "_con.txt"
	// "bashrc"
	// "_rf"
	// "a[31m.txt"
	// ""
}

func ExampleResponse_FileName() {
	fmt.Println(exampleAnswer("", "Content-Disposition", `attachment; filename="/tmp/a.zip"`).FileName())
	fmt.Println(exampleAnswer("").FileName())
	// Output:
	// a.zip
	// page
}

func ExampleResponse_Links() {
	resp := exampleAnswer("", "Link", `<?page=2>; rel=next, </help>; rel="help license"; title="How to"`)
	for _, l := range resp.Links() {
		fmt.Printf("%s %s %q\n", l.Rels, l.URL, l.Params["title"])
	}
	fmt.Println(resp.Links().Rel("next").URL)
	// Output:
	// [next] http://example.com/dir/page?page=2 ""
	// [help license] http://example.com/help "How to"
	// http://example.com/dir/page?page=2
}

func ExampleParseLinks() {
	links := session.ParseLinks([]string{`</a>; rel=item, </b>; rel=item`, `</c>; rel=up`}, nil)
	for _, l := range links.All("item") {
		fmt.Println(l.URL)
	}
	// Output:
	// /a
	// /b
}

func ExampleResponse_ETag() {
	resp := exampleAnswer("", "ETag", `W/"33a64df5"`)
	tag, ok := resp.ETag()
	fmt.Println(tag.Value, tag.Weak, ok)
	fmt.Println(tag.Match(session.ETag{Value: "33a64df5"}), tag.StrongMatch(tag))
	// Output:
	// 33a64df5 true true
	// true false
}

func ExampleParseETag() {
	tag, ok := session.ParseETag(`"abc"`)
	fmt.Println(tag, ok)
	_, ok = session.ParseETag(`abc`)
	fmt.Println(ok)
	// Output:
	// "abc" true
	// false
}

func ExampleIfNoneMatch() {
	s, err := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println("sent:", req.Header.Get("If-None-Match"))
		return &http.Response{StatusCode: http.StatusNotModified, Header: http.Header{}, Body: http.NoBody}, nil
	})})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	resp, err := s.Get(context.Background(), "http://example.com/", session.IfNoneMatch(session.ETag{Value: "abc"}))
	if err != nil {
		panic(err)
	}
	defer resp.Close()
	fmt.Println(resp.NotModified())
	// Output:
	// sent: "abc"
	// true
}

func ExampleResponse_Cookies() {
	resp := exampleAnswer("", "Set-Cookie", `id=42; Path=/; HttpOnly`, "Set-Cookie", `odd{name}="a, b"`)
	for _, c := range resp.Cookies() {
		fmt.Println(c.Name, c.Value, c.HttpOnly)
	}
	fmt.Println(resp.Cookie("id").Value)
	// Output:
	// id 42 true
	// odd{name} a, b false
	// 42
}

func ExampleResponse_MultipartReader() {
	body := strings.Join([]string{
		"--b", `Content-Disposition: form-data; name="title"`, "", "cat",
		"--b", `Content-Disposition: form-data; name="photo"; filename="../cat.png"`, "Content-Transfer-Encoding: base64", "", "aGVsbG8=",
		"--b--", "",
	}, "\r\n")
	resp := exampleAnswer(body, "Content-Type", "multipart/form-data; boundary=b")
	m, err := resp.MultipartReader(session.MultipartConfig{MaxParts: 100, MaxPartSize: 1 << 20})
	if err != nil {
		panic(err)
	}
	for part, err := range m.Parts() {
		if err != nil {
			panic(err)
		}
		text, err := part.Text()
		fmt.Println(part.Name(), part.ContentDisposition().SafeName(), text, err)
	}
	// Output:
	// title  cat <nil>
	// photo cat.png hello <nil>
}

func ExampleBodyPart_MultipartReader() {
	body := "--out\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\none\r\n--in\r\n\r\ntwo\r\n--in--\r\n--out--"
	m, err := exampleAnswer(body, "Content-Type", "multipart/mixed; boundary=out").MultipartReader(session.MultipartConfig{})
	if err != nil {
		panic(err)
	}
	part, err := m.Next()
	if err != nil {
		panic(err)
	}
	inner, err := part.MultipartReader()
	if err != nil {
		panic(err)
	}
	for p, err := range inner.Parts() {
		if err != nil {
			panic(err)
		}
		text, err := p.Text()
		fmt.Println(text, err)
	}
	// Output:
	// one <nil>
	// two <nil>
}

func ExampleStreamReader_TotalRawBytes() {
	resp := exampleAnswer(gzipped(strings.Repeat("a", 10_000)), "Content-Encoding", "gzip")
	c := resp.Content()
	if _, err := c.ReadExactly(5000); err != nil {
		panic(err)
	}
	fmt.Println(c.TotalBytes(), c.TotalRawBytes() < 100, c.AtEOF())
	// Output: 5000 true false
}

func ExampleStreamReader_Buffered() {
	c := exampleAnswer("one\ntwo\n").Content()
	line, err := c.ReadLine()
	fmt.Printf("%q %v, %d more\n", line, err, c.Buffered())
	// Output: "one\n" <nil>, 4 more
}

func ExampleParseURL() {
	u, err := session.ParseURL("http://bücher.example/sale-100%-off?sig=a%2Fb")
	fmt.Println(u, err)
	_, err = session.ParseURL("http://user:secret@example.com:80a/")
	fmt.Println(err)
	// Output:
	// http://xn--bcher-kva.example/sale-100%25-off?sig=a%2Fb <nil>
	// invalid url http://***@example.com:80a/: cannot be parsed: invalid port
}

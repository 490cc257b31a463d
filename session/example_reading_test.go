package session_test

import (
	"bytes"
	"fmt"
	"io"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// lines is a response with the body "one\ntwo\r\nthree".
func lines(s *session.Session) *session.Response {
	resp, err := s.Get(ctx, "http://example.com/lines")
	if err != nil {
		panic(err)
	}
	return resp
}

func ExampleResponse_Bytes() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	data, err := resp.Bytes()
	fmt.Printf("%q %v\n", data, err)
	text, err := resp.Text() // of what was kept
	fmt.Printf("%q %v\n", text, err)
	// Output:
	// "one\ntwo\r\nthree" <nil>
	// "one\ntwo\r\nthree" <nil>
}

func ExampleResponse_Text() {
	s, stop := exampleSession(session.Config{FallbackCharset: func(*session.Response, []byte) string { return "koi8-r" }})
	defer stop()
	resp := lines(s)
	text, err := resp.Text()
	fmt.Printf("%q %v %s\n", text, err, resp.Charset())
	// Output: "one\ntwo\r\nthree" <nil> utf-8
}

func ExampleResponse_JSON() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/user")
	if err != nil {
		fmt.Println(err)
		return
	}
	var user struct{ Name string }
	fmt.Println(resp.JSON(&user), user.Name)
	err = lines(s).JSON(&user)
	fmt.Println(errors.Is(err, errors.ErrContentType))
	// Output:
	// <nil> gopher
	// true
}

func ExampleAnyContentType() {
	type user struct{ Name string }
	s := exampleServer(`{"name": "gopher"}`, "Content-Type", "text/html; charset=utf-8")
	defer s.Close()
	_, err := session.Decode[user](s.Get(ctx, "http://example.com/user"))
	fmt.Println(errors.Is(err, errors.ErrContentType))
	u, err := session.Decode[user](s.Get(ctx, "http://example.com/user", session.AnyContentType()))
	fmt.Println(u.Name, err)
	// Output:
	// true
	// gopher <nil>
}

func ExampleResponse_Closed() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	fmt.Println(resp.Closed())
	_, err := resp.Text() // to its end
	fmt.Println(resp.Closed(), err)
	// Output:
	// false
	// true <nil>
}

func ExampleResponse_CheckStatus() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/missing")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.OK(), resp.StatusCode, resp.Reason())
	fmt.Println(resp.CheckStatus())
	// Output:
	// false 404 Not Found
	// get http://example.com/missing: 404 Not Found: no such thing
}

func ExampleResponse_History() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/old")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Release()
	for _, hop := range resp.History() {
		fmt.Println(hop.StatusCode, hop.URL())
	}
	fmt.Println(resp.StatusCode, resp.URL())
	// Output:
	// 302 http://example.com/old
	// 200 http://example.com/new
}

func ExampleResponse_RealURL() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/page#part")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	fmt.Println(resp.URL(), resp.RealURL())
	// Output: http://example.com/page http://example.com/page#part
}

func ExampleResponse_Connection() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	for range 2 {
		resp := lines(s)
		conn := resp.Connection()
		fmt.Println(conn.Proto, conn.Reused, conn.TLS == nil)
		resp.Close()
	}
	// Output:
	// HTTP/1.1 false true
	// HTTP/1.1 true true
}

func ExampleResponse_Timing() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	resp.Close()
	t := resp.Timing()
	fmt.Println(t.Total >= t.FirstByte, t.Reused, t.Received > 16)
	// Output: true false true
}

func ExampleStreamReader_ReadExactly() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	defer resp.Close()
	head, err := resp.Content().ReadExactly(3)
	fmt.Printf("%q %v\n", head, err)
	_, err = resp.Content().ReadExactly(100)
	short, ok := errors.AsType[*errors.IncompleteReadError](err)
	fmt.Printf("%v %q of %d\n", ok, short.Partial, short.Expected)
	// Output:
	// "one" <nil>
	// true "\ntwo\r\nthree" of 100
}

func ExampleStreamReader_ReadLine() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	defer resp.Close()
	for !resp.Content().AtEOF() {
		line, err := resp.Content().ReadLine()
		fmt.Printf("%q %v\n", line, err)
	}
	fmt.Println(resp.Content().TotalBytes(), "bytes")
	// Output:
	// "one\n" <nil>
	// "two\r\n" <nil>
	// "three" <nil>
	// 14 bytes
}

func ExampleStreamReader_ReadUntil() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp := lines(s)
	defer resp.Close()
	piece, err := resp.Content().ReadUntil([]byte("tw"), 100)
	fmt.Printf("%q %v\n", piece, err)
	// Output: "one\ntw" <nil>
}

func ExampleStreamReader_Any() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	var whole bytes.Buffer
	for piece, err := range lines(s).Content().Any() {
		if err != nil {
			fmt.Println(err)
			return
		}
		whole.Write(piece) // as it came: of any size
	}
	fmt.Printf("%q\n", whole.String())
	// Output: "one\ntwo\r\nthree"
}

func ExampleStreamReader_WriteTo() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	content := lines(s).Content()
	if _, err := content.ReadLine(); err != nil {
		fmt.Println(err)
		return
	}
	var rest bytes.Buffer
	n, err := io.Copy(&rest, content)
	fmt.Printf("%d %v %q\n", n, err, rest.String())
	// Output: 10 <nil> "two\r\nthree"
}

func ExampleLinks_All() {
	links := session.ParseLinks([]string{`</a>; rel=alternate, </b>; rel="alternate stylesheet"`}, nil)
	for _, l := range links.All("alternate") {
		fmt.Println(l.URL, l.Rels)
	}
	// Output:
	// /a [alternate]
	// /b [alternate stylesheet]
}

package session_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/aiolos-http/aiolos/session"
)

// exampleParts reads a body whose lines end in \n here.
func exampleParts(body string) *session.MultipartReader {
	resp := exampleAnswer(strings.ReplaceAll(body, "\n", "\r\n"), "Content-Type", "multipart/mixed; boundary=b")
	m, err := resp.MultipartReader(session.MultipartConfig{})
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleMultipartReader_Next() {
	m := exampleParts("--b\n\none\n--b\n\ntwo\n--b--")
	fmt.Println(m.Kind())
	for {
		part, err := m.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		data, err := part.Bytes()
		fmt.Printf("%s %v\n", data, err)
	}
	// Output:
	// multipart/mixed
	// one <nil>
	// two <nil>
}

func ExampleBodyPart_JSON() {
	part, err := exampleParts("--b\nContent-Type: application/json\n\n{\"name\": \"gopher\"}\n--b--").Next()
	if err != nil {
		panic(err)
	}
	var user struct{ Name string }
	err = part.JSON(&user)
	fmt.Println(part.ContentType(), user.Name, err)
	// Output: application/json gopher <nil>
}

func ExampleBodyPart_Form() {
	part, err := exampleParts("--b\nContent-Type: application/x-www-form-urlencoded\n\na=1&b=2\n--b--").Next()
	if err != nil {
		panic(err)
	}
	form, err := part.Form()
	fmt.Println(form.Get("b"), err)
	// Output: 2 <nil>
}

func ExampleContentDisposition_Param() {
	cd, err := session.ParseContentDisposition(`attachment; size=12; title*=utf-8'de'gr%c3%b6%c3%9fe`)
	fmt.Println(cd.Param("size"), cd.Param("title"), cd.Param("none"), err)
	// Output: 12 größe  <nil>
}

func ExampleLinks_Rel() {
	links := session.ParseLinks([]string{`</2>; rel="next"`, `</9>; rel=last`}, nil)
	fmt.Println(links.Rel("last").URL, links.Rel("prev") == nil)
	// Output: /9 true
}

func ExampleETag_StrongMatch() {
	a, b := session.ETag{Value: "1"}, session.ETag{Value: "1", Weak: true}
	fmt.Println(a.Match(b), a.StrongMatch(b), a.StrongMatch(a))
	// Output: true false true
}

func ExampleResponse_RequestInfo() {
	info := exampleAnswer("").RequestInfo()
	fmt.Println(info, info.Header.Get("Accept"))
	// Output: get http://example.com/dir/page */*
}

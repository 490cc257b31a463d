package session_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// mirror is a session without a network, which is told what it has sent.
func mirror(answer func(req *http.Request, body string) string) *session.Session {
	s, err := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		body := ""
		if req.Body != nil {
			data, err := io.ReadAll(req.Body)
			req.Body.Close()
			if err != nil {
				return nil, err
			}
			body = string(data)
		}
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer(req, body))), Request: req,
		}, nil
	})})
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleQuery() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/search?lang=go#top", session.Query("q", "a&b"), session.Query("q", "c")))
	fmt.Println(session.Query("token", "secret"))
	// Output:
	// GET /search?lang=go&q=a%26b&q=c
	// Query("token", ***)
}

func ExampleAddHeader() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers", session.SkipHeader("User-Agent"),
		session.AddHeader("X-Many", "1"), session.AddHeader("X-Many", "2"), session.AddHeader("Accept", "text/html")))
	// Output:
	// Accept: text/html
	// X-Many: 1 | 2
}

func ExampleSkipHeader() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers", session.SkipHeader("User-Agent", "Accept"), session.Header("X-App", "1")))
	_, err := s.Get(ctx, "http://example.com/", session.SkipHeader("Content-Length"))
	fmt.Println(err)
	// Output:
	// X-App: 1
	// get http://example.com/: invalid SkipHeader: not an automatic header that can be left out
}

func ExampleBasicAuth() {
	s := mirror(func(req *http.Request, _ string) string { return req.Header.Get("Authorization") })
	defer s.Close()
	show(s.Get(ctx, "http://example.com/", session.BasicAuth("Aladdin", "open sesame")))
	show(s.Get(ctx, "http://Aladdin:open%20sesame@example.com/"))
	fmt.Println(session.BasicAuth("Aladdin", "open sesame"))
	// Output:
	// Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
	// Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
	// BasicAuth(***, ***)
}

func ExampleCheckStatus() {
	s, stop := exampleSession(session.Config{Options: []session.Option{session.CheckStatus()}})
	defer stop()
	_, err := s.Get(ctx, "http://example.com/missing")
	refused, ok := errors.AsType[*errors.ClientResponseError](err)
	fmt.Println(err)
	fmt.Println(ok, refused.Status, string(refused.Body))
	// Output:
	// get http://example.com/missing: 404 Not Found: no such thing
	// true 404 no such thing
}

func ExampleNoRedirects() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/old", session.NoRedirects())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Location"), len(resp.History()))
	// Output: 302 /new 0
}

func ExampleTimeout() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	_, err := s.Get(ctx, "http://example.com/", session.Timeout(time.Nanosecond))
	late, ok := errors.AsType[*errors.TimeoutError](err)
	fmt.Println(ok, late.Limit, errors.Is(err, errors.ErrTotalTimeout))
	// Output: true 1ns true
}

func ExampleDefaultTimeout() {
	t := session.DefaultTimeout()
	fmt.Println(t.Total, t.Connect, t.SockConnect, t.SockRead)
	// Output: 5m0s 0s 30s 0s
}

func ExampleRequote() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/%7euser?a=%c3%a9"))
	show(s.Get(ctx, "http://example.com/%7euser?a=%c3%a9", session.Requote()))
	// Output:
	// GET /%7euser?a=%c3%a9
	// GET /~user?a=%C3%A9
}

func ExampleVerbatimRedirects() {
	s, _ := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusFound, Header: http.Header{}, Body: http.NoBody, Request: req}
		if req.URL.Path == "/" {
			resp.Header.Set("Location", "/%7euser")
			return resp, nil
		}
		resp.StatusCode, resp.Body = http.StatusOK, io.NopCloser(strings.NewReader(req.URL.EscapedPath()))
		return resp, nil
	})})
	defer s.Close()
	show(s.Get(ctx, "http://example.com/"))
	show(s.Get(ctx, "http://example.com/", session.VerbatimRedirects()))
	// Output:
	// /~user
	// /%7euser
}

func ExampleBytes() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Put(ctx, "http://example.com/blob", session.Bytes([]byte{0, 1})))
	// Output: PUT /blob: "\x00\x01" as application/octet-stream
}

func ExampleText() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Put(ctx, "http://example.com/note", session.Text("grüße"), session.Header("Content-Type", "text/markdown")))
	// Output: PUT /note: "grüße" as text/markdown
}

func ExampleJSON() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/", session.JSON([]string{"a", "b"})))
	show(s.Post(ctx, "http://example.com/", session.JSON(nil)))
	// Output:
	// POST /: "[\"a\",\"b\"]" as application/json
	// POST /: "null" as application/json
}

func ExampleFormPairs() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/", session.FormPairs("z", "1", "a", "2 3", "z", "4")))
	// Output: POST /: "z=1&a=2+3&z=4" as application/x-www-form-urlencoded
}

func ExampleFormData() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/", session.FormData(form.New().Field("title", "a cat"))))
	upload := form.New().Boundary("frontier").Field("title", "a cat").Bytes("photo", []byte("meow"), form.FileName("cat.png"))
	show(s.Post(ctx, "http://example.com/", session.FormData(upload)))
	// Output:
	// POST /: "title=a+cat" as application/x-www-form-urlencoded
	// POST /: "--frontier\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na cat\r\n--frontier\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"cat.png\"\r\nContent-Type: application/octet-stream\r\n\r\nmeow\r\n--frontier--\r\n" as multipart/form-data; boundary=frontier
}

func ExampleMultipart() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/", session.Multipart(form.NewMultipart("mixed").Boundary("b").Text("one").JSON(2))))
	// Output: POST /: "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\none\r\n--b\r\nContent-Type: application/json\r\n\r\n2\r\n--b--\r\n" as multipart/mixed; boundary=b
}

func ExampleChunked() {
	s := mirror(func(req *http.Request, body string) string { return fmt.Sprint(req.TransferEncoding, " ", body) })
	defer s.Close()
	show(s.Post(ctx, "http://example.com/", session.Text("known"), session.Chunked()))
	_, err := s.Post(ctx, "http://example.com/", session.Text("known"), session.Chunked(), session.Header("Content-Length", "5"))
	fmt.Println(err)
	// Output:
	// [chunked] known
	// post http://example.com/: invalid header Content-Length: cannot be set together with Chunked
}

func ExampleExpect100() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/upload", session.Text("after consent"), session.Expect100()))
	// Output: POST /upload: "after consent" as text/plain; charset=utf-8
}

func ExampleMiddlewares() {
	shout := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Header.Set("X-App", base64.StdEncoding.EncodeToString([]byte("mine")))
			return next.RoundTrip(req)
		})
	}
	s, stop := exampleSession(session.Config{Middleware: []middleware.Middleware{shout}, Options: []session.Option{session.SkipHeader("User-Agent", "Accept")}})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers"))
	show(s.Get(ctx, "http://example.com/headers", session.Middlewares(), session.Header("X-App", "plain"))) // without the session's
	// Output:
	// X-App: bWluZQ==
	// X-App: plain
}

func ExampleAddMiddleware() {
	via := func(name string) middleware.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				req = req.Clone(req.Context())
				req.Header.Add("X-Via", name)
				return next.RoundTrip(req)
			})
		}
	}
	s, stop := exampleSession(session.Config{Middleware: []middleware.Middleware{via("session")}, Options: []session.Option{session.SkipHeader("User-Agent", "Accept")}})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers", session.AddMiddleware(via("request"))))
	// Output: X-Via: session | request
}

func ExampleOption_String() {
	fmt.Println(session.Header("Authorization", "secret"), session.Redirects(3), session.JSON(1))
	// Output: Header("Authorization", ***) Redirects(3) JSON(int)
}

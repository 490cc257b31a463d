package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

var ctx = context.Background()

func Example() {
	s, stop := exampleSession(session.Config{BaseURL: "http://example.com/"})
	defer stop()

	type User struct {
		Name string
		Age  int
	}
	user, err := session.Decode[User](s.Get(ctx, "user"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Name, "is", user.Age)
	// Output: gopher is 16
}

func ExampleNew() {
	s, err := session.New(session.Config{
		BaseURL: "https://api.example.com/v1/",
		Timeout: session.ClientTimeout{Total: time.Minute, SockRead: 10 * time.Second},
		Options: []session.Option{session.Header("X-App", "1"), session.CheckStatus()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(s.BaseURL(), s.Timeout().SockConnect, s.Header().Get("X-App"))
	// Output: https://api.example.com/v1/ 30s 1
}

func ExampleRequest() {
	_, err := session.Request(ctx, "GET", "ftp://example.com/file")
	fmt.Println(err)
	fmt.Println(errors.Is(err, errors.ErrNonHTTPURLClient))
	// Output:
	// get: invalid url ftp://example.com/file: unsupported scheme
	// true
}

func ExampleSession_Get() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/search?lang=go", session.Query("q", "http client"), session.Query("page", "2")))
	// Output: GET /search?lang=go&q=http+client&page=2
}

func ExampleSession_Post() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/things", session.JSON(map[string]any{"name": "thing", "n": 1})))
	// Output: POST /things: "{\"n\":1,\"name\":\"thing\"}" as application/json
}

func ExampleSession_Head() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Head(ctx, "http://example.com/old")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Location"))
	// Output: 302 /new
}

func ExampleSession_Put() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Put(ctx, "http://example.com/note", session.Text("remember")))
	// Output: PUT /note: "remember" as text/plain; charset=utf-8
}

func ExampleSession_Patch() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Patch(ctx, "http://example.com/note", session.Bytes([]byte{1, 2})))
	// Output: PATCH /note: "\x01\x02" as application/octet-stream
}

func ExampleSession_Delete() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Delete(ctx, "http://example.com/note"))
	// Output: DELETE /note
}

func ExampleSession_Options() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Options(ctx, "http://example.com/note"))
	// Output: OPTIONS /note
}

func ExampleSession_Request() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Request(ctx, "purge", "http://example.com/cache"))
	// Output: PURGE /cache
}

func ExampleSession_Do() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/native", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := s.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output: GET /native <nil>
}

func ExampleSession_Client() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	client := s.Client() // an *http.Client, for a library that insists on one
	resp, err := client.Get("http://example.com/from-a-library")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

func ExampleSession_With() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	admin := s.With(session.BasicAuth("admin", "secret"), session.Header("X-App", "console"))
	show(admin.Get(ctx, "http://example.com/headers", session.SkipHeader("User-Agent")))
	// Output:
	// Accept: */*
	// Authorization: Basic YWRtaW46c2VjcmV0
	// X-App: console
}

func ExampleDecode() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	_, err := session.Decode[map[string]any](s.Get(ctx, "http://example.com/missing"))
	var re *errors.ClientResponseError
	if errors.As(err, &re) {
		fmt.Printf("%d: %s\n", re.Status, re.Body)
	}
	fmt.Println(err)
	// Output:
	// 404: no such thing
	// get http://example.com/missing: 404 Not Found: no such thing
}

func ExampleParams() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/", session.Params(url.Values{"b": {"2"}, "a": {"1", "ü"}})))
	// Output: GET /?a=1&a=%C3%BC&b=2
}

func ExampleHeader() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers",
		session.Header("Accept", "text/plain"), session.Header("User-Agent", "mine/1"),
		session.AddHeader("X-Many", "1"), session.AddHeader("X-Many", "2")))
	// Output:
	// Accept: text/plain
	// User-Agent: mine/1
	// X-Many: 1 | 2
}

func ExampleForm() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Post(ctx, "http://example.com/login?", session.Form(url.Values{"user": {"gopher"}})))
	show(s.Post(ctx, "http://example.com/form", session.FormPairs("z", "1", "a", "2")))
	// Output:
	//
	// POST /form: "z=1&a=2" as application/x-www-form-urlencoded
}

func ExampleBody() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	r := strings.NewReader("skip this: and send that")
	r.Seek(11, io.SeekStart)
	show(s.Post(ctx, "http://example.com/upload", session.Body(r)))
	// Output: POST /upload: "and send that" as application/octet-stream
}

func ExampleStream() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	numbers := func(yield func([]byte, error) bool) {
		for i := range 5 {
			if !yield(fmt.Appendf(nil, "%d,", i), nil) {
				return
			}
		}
	}
	show(s.Post(ctx, "http://example.com/numbers", session.Stream(numbers)))
	// Output: POST /numbers: "0,1,2,3,4," as application/octet-stream
}

func ExampleCookie() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/login"))
	show(s.Get(ctx, "http://example.com/headers", session.Cookie("theme", "dark"), session.SkipHeader("Accept", "User-Agent")))
	// Output:
	//
	// Cookie: id=42; theme=dark
}

func ExampleBearer() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	token := session.Bearer("sesame")
	show(s.Get(ctx, "http://example.com/headers", token, session.SkipHeader("Accept", "User-Agent")))
	fmt.Println(token)
	// Output:
	// Authorization: Bearer sesame
	// Bearer(***)
}

func ExampleCheckStatusFunc() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	teapot := session.CheckStatusFunc(func(r *session.Response) error {
		if r.StatusCode == http.StatusNotFound {
			return errors.New("not here")
		}
		return nil
	})
	_, err := s.Get(ctx, "http://example.com/missing", teapot)
	fmt.Println(err)
	// Output: get http://example.com/missing: not here
}

func ExampleRedirects() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/old")
	show(resp, err)
	fmt.Println(resp.URL(), "after", resp.History()[0].Status)
	_, err = s.Get(ctx, "http://example.com/old", session.Redirects(0))
	fmt.Println(errors.Is(err, errors.ErrTooManyRedirects))
	resp, err = s.Get(ctx, "http://example.com/old", session.NoRedirects())
	if err == nil {
		fmt.Println(resp.Status)
		resp.Close()
	}
	// Output:
	// GET /new
	// http://example.com/new after 302 Found
	// true
	// 302 Found
}

func ExampleTimeouts() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	_, err := s.Get(ctx, "http://example.com/", session.Timeouts(session.ClientTimeout{
		Total: -1, Connect: 5 * time.Second, SockRead: 10 * time.Second,
	}))
	fmt.Println(err)
	_, err = s.Get(ctx, "http://example.com/", session.Timeout(time.Nanosecond))
	fmt.Println(errors.Is(err, errors.ErrTotalTimeout), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// <nil>
	// true true
}

func ExampleMaxBodySize() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/user", session.MaxBodySize(10)))
	// Output: error: get http://example.com/user: body too large: more than 10 bytes
}

func ExampleProgress() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	show(s.Get(ctx, "http://example.com/user", session.Progress(func(done, total int64) {
		fmt.Println(done, "of", total)
	})))
	// Output:
	// 29 of 29
	// {"name": "gopher", "age": 16}
}

func ExampleJoin() {
	traced := session.Join(session.Header("X-App", "1"), session.Timeout(time.Second), session.Query("key", "secret"))
	fmt.Println(traced)
	// Output: Join(Header("X-App", "1"), Timeout(1s), Query("key", ***))
}

func ExampleResponse_Content() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/lines")
	if err != nil {
		fmt.Println(err)
		return
	}
	for line, err := range resp.Content().Lines() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", line)
	}
	// Output:
	// "one"
	// "two"
	// "three"
}

func ExampleStreamReader_Chunks() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/lines")
	if err != nil {
		fmt.Println(err)
		return
	}
	for piece, err := range resp.Content().Chunks(6) {
		fmt.Printf("%q %v\n", piece, err)
	}
	// Output:
	// "one\ntw" <nil>
	// "o\r\nthr" <nil>
	// "ee" <nil>
}

func ExampleConfig_connector() {
	conn, err := connector.New(connector.Config{Limit: 20, LimitPerHost: 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close() // a given connector stays its maker's to close
	s, err := session.New(session.Config{Connector: conn})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(s.Connector().Limit(), s.Connector().LimitPerHost())
	// Output: 20 6
}

// A function in the place of the network, for tests.
func ExampleConfig_transport() {
	answer := middleware.Func(func(req *http.Request) (*http.Response, error) {
		body := io.NopCloser(strings.NewReader(`{"path": "` + req.URL.Path + `"}`))
		return &http.Response{StatusCode: 200, Body: body}, nil
	})
	s, err := session.New(session.Config{Transport: answer})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	got, err := session.Decode[map[string]string](s.Get(context.Background(), "https://api.example/v1/things"))
	fmt.Println(got, err)
	// Output: map[path:/v1/things] <nil>
}

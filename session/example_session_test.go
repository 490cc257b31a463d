package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

func ExampleGet() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Get(ctx, srv.URL+"/user"))
	// Output: {"name": "gopher", "age": 16}
}

func ExampleHead() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	resp, err := session.Head(ctx, srv.URL+"/user")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.ContentLength, resp.ContentType())
	// Output: 29 application/json
}

func ExamplePost() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Post(ctx, srv.URL+"/things", session.Text("thing")))
	// Output: POST /things: "thing" as text/plain; charset=utf-8
}

func ExamplePut() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Put(ctx, srv.URL+"/things/1", session.Text("thing")))
	// Output: PUT /things/1: "thing" as text/plain; charset=utf-8
}

func ExamplePatch() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Patch(ctx, srv.URL+"/things/1", session.JSON(1)))
	// Output: PATCH /things/1: "1" as application/json
}

func ExampleDelete() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Delete(ctx, srv.URL+"/things/1"))
	// Output: DELETE /things/1
}

func ExampleOptions() {
	srv := httptest.NewServer(http.HandlerFunc(serveExample))
	defer srv.Close()
	show(session.Options(ctx, srv.URL+"/things"))
	// Output: OPTIONS /things
}

func ExampleNewPublic() {
	s, err := session.NewPublic(session.Config{}, connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	_, err = s.Get(ctx, "http://127.0.0.1/admin")
	fmt.Println(errors.Is(err, errors.ErrClientConnector))
	_, err = s.Get(ctx, "file:///etc/passwd")
	fmt.Println(errors.Is(err, errors.ErrNonHTTPURLClient))
	// Output:
	// true
	// true
}

func ExampleFromContext() {
	auth := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := session.FromContext(req.Context()).Get(req.Context(), "http://example.com/token")
			if err != nil {
				return nil, err
			}
			token, err := resp.Text()
			if err != nil {
				return nil, err
			}
			req = req.Clone(req.Context())
			req.Header.Set("Authorization", "Bearer "+strings.Fields(token)[1])
			return next.RoundTrip(req)
		})
	}
	s, stop := exampleSession(session.Config{
		Middleware: []middleware.Middleware{auth}, Options: []session.Option{session.SkipHeader("User-Agent", "Accept")},
	})
	defer stop()
	show(s.Get(ctx, "http://example.com/headers"))
	// Output: Authorization: Bearer /token
}

func ExampleTraceContext() {
	s, stop := exampleSession(session.Config{Trace: []*session.Trace{{
		RequestStart: func(_ context.Context, e session.RequestEvent) { fmt.Println("start", e.Value) },
		RequestEnd:   func(_ context.Context, e session.ResponseEvent) { fmt.Println("end", e.Value, e.Response.StatusCode) },
	}}})
	defer stop()
	show(s.Get(ctx, "http://example.com/page", session.TraceContext("job 7")))
	// Output:
	// start job 7
	// end job 7 200
	// GET /page
}

func ExampleSession_RoundTripper() {
	s, stop := exampleSession(session.Config{Options: []session.Option{session.Header("X-App", "1"), session.SkipHeader("User-Agent", "Accept")}})
	defer stop()
	client := &http.Client{Transport: s.RoundTripper()} // which follows the redirects itself
	resp, err := client.Get("http://example.com/headers")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Print(string(text), err)
	// Output:
	// X-App: 1
	// <nil>
}

func ExampleSession_Close() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	fmt.Println(s.Close(), s.Closed(), s.Connector().Closed())
	_, err := s.Get(ctx, "http://example.com/")
	fmt.Println(errors.Is(err, errors.ErrSessionClosed))
	// Output:
	// <nil> true true
	// true
}

func ExampleSession_Detach() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	conn := s.Connector()
	s.Detach()
	fmt.Println(s.Closed(), conn.Closed())
	conn.Close() // it is the caller's now
	// Output: true false
}

func ExampleConfig_cookies() {
	s, stop := exampleSession(session.Config{Cookies: []*http.Cookie{
		{Name: "lang", Value: "en"}, // shared: every host gets it
		{Name: "id", Value: "7", Domain: "example.com"},
	}})
	defer stop()
	for _, u := range []string{"http://example.com/", "http://example.org/"} {
		at, err := url.Parse(u)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u, s.Jar().Cookies(at))
	}
	// Output:
	// http://example.com/ [lang=en id=7]
	// http://example.org/ [lang=en]
}

func ExampleSession_Jar() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/login")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Cookie("id"))
	fmt.Println(s.Jar().Cookies(resp.URL()))
	resp.Close()
	// Output:
	// id=42
	// [id=42]
}

func ExampleSession_WebSocket() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		kind, data, err := c.Read(r.Context())
		if err == nil && c.Write(r.Context(), kind, append(data, "!"...)) == nil {
			c.Read(r.Context()) // the client closes
		}
	}))
	defer srv.Close()
	s, err := session.New(session.Config{BaseURL: srv.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	c, err := s.WebSocket(ctx, "/chat", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "")
	if err := c.SendText(ctx, "hello"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.ReceiveText(ctx))
	// Output: hello! <nil>
}

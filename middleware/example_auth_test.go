package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// The server asks, and gets its answer.
func ExampleDigest() {
	last := middleware.Func(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
		if req.Header.Get("Authorization") == "" {
			resp.StatusCode = http.StatusUnauthorized
			resp.Header = http.Header{"Www-Authenticate": {`Digest realm="files", nonce="dcd98b", qop="auth", algorithm=SHA-256`}}
		}
		fmt.Println(resp.StatusCode)
		return resp, nil
	})
	client := &http.Client{Transport: middleware.Digest(middleware.DigestConfig{Login: "Mufasa", Password: "Circle of Life"})(last)}
	resp, err := client.Get("http://example.com/dir/index.html")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println("the result:", resp.StatusCode)
	// Output:
	// 401
	// 200
	// the result: 200
}

// authEcho prints what it is sent.
var authEcho = middleware.Func(func(req *http.Request) (*http.Response, error) {
	fmt.Printf("%s %q\n", req.URL, req.Header.Get("Authorization"))
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
})

// Another origin gets nothing.
func ExampleBasicAuth() {
	client := &http.Client{Transport: middleware.BasicAuth("Aladdin", "open sesame")(authEcho)}
	for _, url := range []string{"http://example.com/", "http://example.org/"} {
		if resp, err := client.Get(url); err == nil {
			resp.Body.Close()
		}
	}
	// Output:
	// http://example.com/ "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
	// http://example.org/ ""
}

// The origins may be given.
func ExampleBearer() {
	client := &http.Client{Transport: middleware.Bearer("s3cret", "https://api.example.com")(authEcho)}
	for _, url := range []string{"https://www.example.com/", "https://api.example.com/v1"} {
		if resp, err := client.Get(url); err == nil {
			resp.Body.Close()
		}
	}
	// Output:
	// https://www.example.com/ ""
	// https://api.example.com/v1 "Bearer s3cret"
}

// A token is fetched when it is needed.
func ExampleTokenSource() {
	fetch := func(context.Context) (middleware.Token, error) {
		fmt.Println("fetch")
		return middleware.Token{Value: "abc", Expiry: time.Now().Add(time.Hour)}, nil
	}
	client := &http.Client{Transport: middleware.TokenSource(middleware.TokenConfig{Fetch: fetch})(authEcho)}
	for range 2 {
		if resp, err := client.Get("http://example.com/"); err == nil {
			resp.Body.Close()
		}
	}
	// Output:
	// fetch
	// http://example.com/ "Bearer abc"
	// http://example.com/ "Bearer abc"
}

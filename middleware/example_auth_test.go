package middleware_test

import (
	"fmt"
	"net/http"

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

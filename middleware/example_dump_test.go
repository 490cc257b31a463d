package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
)

// What goes out and what comes in, for the eye of a developer.
func ExampleDump() {
	var seen strings.Builder // os.Stderr, in a program
	answer := middleware.Answer(201, http.Header{"Location": {"/items/7"}, "Content-Type": {"application/json"}}, `{"id": 7}`)
	client := &http.Client{Transport: middleware.Dump(middleware.DumpConfig{Writer: &seen})(answer)}

	req, err := http.NewRequest(http.MethodGet, "https://api.example/items?token=secret", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = io.Copy(io.Discard, resp.Body) // it is written when the body was read
	resp.Body.Close()
	fmt.Print(regexp.MustCompile(`[0-9.]+[nµm]?s`).ReplaceAllString(seen.String(), "1ms"))
	fmt.Println(err)
	// Output:
	// > GET https://api.example/items?token=*** HTTP/1.1
	// > Host: api.example
	// > Authorization: ***
	// < HTTP/1.1 201 Created
	// < Content-Length: 9
	// < Content-Type: application/json
	// < Location: /items/7
	// <
	// < {"id": 7}
	// * 1ms to the head, 1ms in all; 9 bytes received
	// <nil>
}

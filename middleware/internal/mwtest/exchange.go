package mwtest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// Drain reads a body to its end and closes it.
func Drain(t testing.TB, resp *http.Response) {
	t.Helper()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
}

// Send sends a request with one header as it is written, and reads the answer.
func Send(t *testing.T, rt http.RoundTripper, method, url, name, value string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	if name != "" {
		req.Header[name] = []string{value}
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// HelloServer stands in for a connector: it says hello, for a minute.
func HelloServer() http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println("the server is asked:", req.Method, req.URL.Path)
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", Request: req, ContentLength: 5,
			Header: http.Header{"Cache-Control": {"max-age=60"}, "Content-Type": {"text/plain"}},
			Body:   io.NopCloser(strings.NewReader("hello")),
		}, nil
	})
}

// PrintGet prints what came of a GET, and whether a cache answered it.
func PrintGet(client *http.Client, url string) {
	resp, err := client.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	cached := strings.HasPrefix(resp.Header.Get("Cache-Status"), "aiolos; hit")
	fmt.Println(resp.StatusCode, string(body), cached, err)
}

// CountClose is a body that counts in closed how often it is closed.
func CountClose(r io.Reader, closed *int) io.ReadCloser { return countingCloser{r, closed} }

type countingCloser struct {
	io.Reader
	closed *int
}

func (c countingCloser) Close() error {
	*c.closed++
	return nil
}

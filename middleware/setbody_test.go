package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// A middleware that changes what is sent.
func ExampleSetBody() {
	shout := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			data, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			clone := req.Clone(req.Context())
			middleware.SetBody(clone, []byte(strings.ToUpper(string(data))))
			return next.RoundTrip(clone)
		})
	}
	last := middleware.Func(func(req *http.Request) (*http.Response, error) {
		data, err := io.ReadAll(req.Body)
		fmt.Println(string(data), req.ContentLength, err)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client := &http.Client{Transport: shout(last)}
	resp, err := client.Post("http://example.com/", "text/plain", strings.NewReader("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output: HELLO 5 <nil>
}

type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}

func TestSetBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		data   []byte
		length int64
		again  bool
	}{
		{"some", []byte("abc"), 3, true},
		{"none", nil, 0, false},
		{"empty", []byte{}, 0, false},
	} {
		old := &closeCounter{Reader: strings.NewReader("old")}
		req, err := http.NewRequest(http.MethodPost, "http://h/", old)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Length", "3")
		req.Header.Set("Content-Encoding", "gzip")
		req.Header.Set("Content-Type", "text/plain")
		req.TransferEncoding = []string{"chunked"}
		middleware.SetBody(req, tt.data)
		got, err := io.ReadAll(req.Body)
		if err != nil || string(got) != string(tt.data) || req.ContentLength != tt.length || (req.GetBody != nil) != tt.again {
			t.Errorf("%s: got %q, length %d, %v", tt.name, got, req.ContentLength, err)
		}
		if old.closed != 1 || req.TransferEncoding != nil || req.Header.Get("Content-Length")+req.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: old body closed %d times, header %v", tt.name, old.closed, req.Header)
		}
		if req.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: Content-Type is gone", tt.name)
		}
		if tt.again {
			body, err := req.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(body); string(got) != string(tt.data) {
				t.Errorf("%s: again %q", tt.name, got)
			}
		}
	}
}

package middleware_test

import (
	stderrors "errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// requestID sets X-Request-Id to what newID returns, unless it is there already.
func requestID(newID func() string) middleware.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("X-Request-Id") == "" {
				req = req.Clone(req.Context())
				req.Header.Set("X-Request-Id", newID())
			}
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, fmt.Errorf("request %s: %w", req.Header.Get("X-Request-Id"), err)
			}
			return resp, nil
		})
	}
}

// The code in the guide works. (That the guide shows it is tested with the other
// pages, and make readme brings it there.)
func TestGuide(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("log_guide_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "// requestID sets")
	code, _, _ = strings.Cut(code, "\n}\n")
	if lines := strings.Count(code, "\n") + 2; lines > 20 {
		t.Errorf("it has %d lines", lines)
	}
	ids := 0
	var sent []string
	rt := requestID(func() string { ids++; return fmt.Sprint(ids) })(middleware.Func(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Header.Get("X-Request-Id"))
		if len(sent) == 3 {
			return nil, errStub
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}))
	for i := range 3 {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		if i == 1 {
			req.Header.Set("X-Request-Id", "mine")
		}
		_, err = rt.RoundTrip(req)
		if i != 1 && req.Header.Get("X-Request-Id") != "" {
			t.Error("the caller's request was changed")
		}
	}
	if fmt.Sprint(sent) != "[1 mine 2]" || !stderrors.Is(err, errStub) || err.Error() != "request 2: stub: broken" {
		t.Errorf("got %v, %v", sent, err)
	}
}

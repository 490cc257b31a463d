package debug_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

// A call under way, as programs see it. A browser gets a page.
func ExampleNew() {
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "body"), Mock: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	page, err := debug.New(debug.Config{Session: s})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := s.Get(context.Background(), "http://example.com/?token=secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close() // until then it is on the page

	rec := httptest.NewRecorder()
	page.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/debug/aiolos?format=json", nil))
	fmt.Println(rec.Code, rec.Header().Get("Content-Type"))
	for _, c := range page.State().Calls {
		fmt.Println(c.Method, c.URL, c.Phase, c.Status)
	}
	// Output:
	// 200 application/json
	// GET http://example.com/?token=*** response 200
}

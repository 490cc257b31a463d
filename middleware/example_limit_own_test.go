package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// A limit of one's own refuses as the library's does.
func ExampleLimitByDeadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if late := middleware.LimitByDeadline(ctx, middleware.ErrRateLimit, "https://api.example:443", time.Minute); late != nil {
		fmt.Println(late)
	}
	// Output: rate limit reached for "https://api.example:443": the deadline of the context is too soon for the place in the queue, which comes in 1m0s
}

func ExampleServerPause() {
	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"120"}}}
	fmt.Println(middleware.ServerPause(resp, time.Now()))
	// Output: 2m0s
}

// A middleware of one's own says what its requests wait for. Whoever looks at the calls of
// the session sees it.
func ExampleNoteWait() {
	quiet := make(chan struct{})
	untilQuiet := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			done := middleware.NoteWait(req.Context(), "quiet hours")
			<-quiet
			done()
			return next.RoundTrip(req)
		})
	}
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, ""), Middleware: []middleware.Middleware{untilQuiet}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	calls := s.Inspect()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if resp, err := s.Get(context.Background(), "http://api.example/"); err == nil {
			resp.Close()
		}
	}()
	for {
		if under := calls.Calls(); len(under) == 1 && under[0].WaitsFor != "" {
			fmt.Println(under[0].Phase, under[0].WaitsFor)
			break
		}
		runtime.Gosched()
	}
	close(quiet)
	<-ended
	// Output: middleware quiet hours
}

package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// The first request hangs; the second, 10 ms later, is answered.
func ExampleHedge() {
	var calls atomic.Int32
	last := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if calls.Add(1) == 1 {
			<-req.Context().Done() // until it has lost
			return nil, req.Context().Err()
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client := &http.Client{Transport: middleware.Hedge(middleware.HedgePolicy{Delay: 10 * time.Millisecond})(last)}
	resp, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, calls.Load())
	// Output: 200 2
}

// Two callers at the same time, one request.
func ExampleDedupe() {
	var calls, asked atomic.Int32
	both := make(chan struct{})
	last := middleware.Func(func(req *http.Request) (*http.Response, error) {
		calls.Add(1)
		<-both
		return &http.Response{StatusCode: http.StatusOK, ContentLength: 2, Body: io.NopCloser(strings.NewReader("hi")), Request: req}, nil
	})
	client := &http.Client{Transport: middleware.Dedupe(middleware.DedupeConfig{Key: func(req *http.Request) string {
		if asked.Add(1) == 2 {
			time.AfterFunc(50*time.Millisecond, func() { close(both) })
		}
		return req.URL.String()
	}})(last)}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if resp, err := client.Get("http://example.com/"); err == nil {
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	fmt.Println(calls.Load())
	// Output: 1
}

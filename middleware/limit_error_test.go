package middleware_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

func TestLimitByDeadline(t *testing.T) {
	t.Parallel()
	const wait = 2 * time.Second
	for _, tt := range []struct {
		name     string
		deadline time.Duration // 0: none
		end      bool
		want     bool
	}{
		{"no deadline", 0, false, false},
		{"time enough", wait + 1, false, false},
		{"at the same time", wait, false, true},
		{"before", time.Second, false, true},
		{"ended", time.Second, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.deadline > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, tt.deadline)
					defer stop()
				}
				if tt.end {
					cancel()
				}
				err := middleware.LimitByDeadline(ctx, middleware.ErrConcurrency, "http://h:80", wait)
				if (err != nil) != tt.want {
					t.Fatalf("got %v, want one: %v", err, tt.want)
				}
				if err != nil && (!errors.Is(err, middleware.ErrConcurrency) || !err.Deadline || err.Wait != wait || err.Host != "http://h:80") {
					t.Errorf("got %+v", err)
				}
			})
		})
	}
}

func TestServerPause(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		want   time.Duration
	}{
		{"429 and seconds", 429, http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{"503 and a date", 503, http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:00:09 GMT"}}, 9 * time.Second},
		{"404 is about the resource", 404, http.Header{"Retry-After": {"7"}}, 0},
		{"nothing left", 200, http.Header{"Ratelimit": {`"a";r=0;t=5`}}, 5 * time.Second},
		{"bare 429", 429, nil, 0},
	} {
		if got := middleware.ServerPause(&http.Response{StatusCode: tt.status, Header: tt.header}, now); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

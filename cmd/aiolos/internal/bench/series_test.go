package bench_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
)

// TestTimeline: the slots follow each other from the start to the end, have all that
// happened between them, and are neither too many nor too few, however long it takes.
func TestTimeline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		requests int64
		each     time.Duration
	}{{1, time.Second}, {10, time.Millisecond}, {3000, time.Millisecond}, {3000, time.Minute}, {100, 0}} {
		synctest.Test(t, func(t *testing.T) {
			r := bench.Run(t.Context(), bench.Config{Send: steady(tt.each), Requests: tt.requests, Workers: 1, Timeline: true})
			var requests int64
			var end time.Duration
			for i, p := range r.Timeline {
				if p.Start != end || p.Width <= 0 || p.Requests > 0 && p.P50 > p.Max {
					t.Errorf("%v: slot %d is %+v, after %v", tt, i, p, end)
				}
				requests += p.Requests
				end = p.Start + p.Width
			}
			if n := len(r.Timeline); requests != tt.requests || n > 128 || n < 1 || end > max(r.Elapsed, 1) {
				t.Errorf("%v: %d requests in %d slots until %v of %v", tt, requests, n, end, r.Elapsed)
			}
			if n := len(r.Timeline); tt.requests == 3000 && n < 32 {
				t.Errorf("%v: only %d slots", tt, n)
			}
		})
	}
	if r := bench.Run(t.Context(), bench.Config{Send: steady(0), Requests: 3, Workers: 1}); r.Timeline != nil {
		t.Errorf("nobody has asked for %v", r.Timeline)
	}
}

// TestTimelineStall: a stall of the server is seen where it was.
func TestTimelineStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		send := func(ctx context.Context) (bench.Sample, error) {
			d := time.Millisecond
			if n++; n == 500 {
				d = 200 * time.Millisecond
			}
			status := 200
			if n == 20 {
				status = 503
			}
			return bench.Sample{Status: status}, wait(ctx, d)
		}
		r := bench.Run(t.Context(), bench.Config{Send: send, Requests: 1000, Workers: 1, Timeline: true})
		for _, p := range r.Timeline {
			end := p.Start + p.Width
			if holds := p.Start <= 699*time.Millisecond && 699*time.Millisecond < end; holds != (p.Max == 200*time.Millisecond) {
				t.Errorf("%v to %v: at most %v", p.Start, end, p.Max)
			}
			if holds := p.Start <= 20*time.Millisecond && 20*time.Millisecond < end; holds != (p.Errors == 1) {
				t.Errorf("%v to %v: %d errors", p.Start, end, p.Errors)
			}
		}
	})
}

// TestErrorTexts: errors are counted by what they say, without what is another one for
// every connection, without secrets, and not without bounds.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	n := 0
	send := func(context.Context) (bench.Sample, error) {
		switch n++; {
		case n <= 10:
			return bench.Sample{}, aioerrors.Wrap("GET", nil, fmt.Errorf("read tcp 127.0.0.1:%d->127.0.0.1:80: reset", 40000+n))
		case n <= 20:
			return bench.Sample{}, aioerrors.Wrap("GET", nil, fmt.Errorf("read tcp [::1]:%d->[::1]:80: reset", 40000+n))
		}
		return bench.Sample{}, fmt.Errorf("number %d", n)
	}
	r := bench.Run(t.Context(), bench.Config{Send: send, Requests: 200, Workers: 1})
	var sum int64
	for _, n := range r.Texts {
		sum += n
	}
	if r.Texts["read tcp 127.0.0.1:80: reset"] != 10 || r.Texts["read tcp [::1]:80: reset"] != 10 || r.Texts["number 30"] != 1 {
		t.Errorf("got %v", r.Texts)
	}
	if sum != 200 || len(r.Texts) > 51 || r.Texts[bench.OtherTexts] != 200-20-48 {
		t.Errorf("%d errors in %d texts, %d of them others", sum, len(r.Texts), r.Texts[bench.OtherTexts])
	}
	if got := bench.ErrorText(errors.New("x")); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := bench.ErrorText(nil); got != "" {
		t.Errorf("of nil: %q", got)
	}
}

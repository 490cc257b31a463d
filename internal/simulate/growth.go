package simulate

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

const (
	growthEvery   = 200 // seeds: it takes as long as twenty plans
	growthRounds  = 4
	growthHosts   = 15_000    // new ones in each round, a day apart
	growthAllowed = 2_000_000 // bytes after all rounds but the first
	growthAgain   = 2         // more times that is measured: what other tests allocate meanwhile comes and goes
)

// measuring keeps others from allocating while memory is measured.
var measuring sync.RWMutex

// growth sends a request to each of very many hosts, and looks whether what is
// remembered of them is forgotten once it says nothing any more.
func growth() (wrong []string) {
	for name, create := range map[string]func() middleware.Middleware{
		"CircuitBreaker": func() middleware.Middleware { return middleware.CircuitBreaker(middleware.BreakerConfig{}) },
		"RateLimit":      func() middleware.Middleware { return middleware.RateLimit(middleware.RateLimitConfig{}) },
		"Concurrency":    func() middleware.Middleware { return middleware.Concurrency(middleware.ConcurrencyLimit{PerHost: 1}) },
	} {
		grown := growthOf(create())
		for range growthAgain {
			if grown > growthAllowed {
				grown = min(grown, growthOf(create()))
			}
		}
		if grown > growthAllowed {
			wrong = append(wrong, fmt.Sprintf("%s keeps %d KiB for %d hosts that nobody has asked for days",
				name, grown>>10, growthRounds*growthHosts))
		}
	}
	return wrong
}

func growthOf(m middleware.Middleware) int64 {
	refusal := false
	rt := m(middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			req.Body.Close()
		}
		if refusal = !refusal; refusal {
			return nil, syscall.ECONNREFUSED
		}
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}))
	var first int64
	for round := range growthRounds {
		for n := range growthHosts {
			ask(rt, fmt.Sprintf("http://host-%d-%d.sim/", round, n))
		}
		time.Sleep(24 * time.Hour)
		ask(rt, "http://again.sim/")
		if round == 0 {
			first = heap()
		}
	}
	grown := heap() - first
	runtime.KeepAlive(rt)
	return grown
}

func ask(rt http.RoundTripper, url string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return
	}
	if resp, err := rt.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

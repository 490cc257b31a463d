package cache_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// counterServer is a server with one number per path, which a POST raises and a
// GET shows, good for a long time.
type counterServer struct{ numbers [5]atomic.Int64 }

func (s *counterServer) RoundTrip(req *http.Request) (*http.Response, error) {
	i, err := strconv.Atoi(strings.Trim(req.URL.Path, "/"))
	if err != nil {
		return nil, err
	}
	n := s.numbers[i].Load()
	h := http.Header{}
	if req.Method == http.MethodPost {
		n = s.numbers[i].Add(1)
	} else {
		h.Set("Cache-Control", "max-age=1000")
		h.Set("Vary", "X-Variant")
		h.Set("X-Path", strconv.Itoa(i))
	}
	text := strconv.FormatInt(n, 10)
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Header: h, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: req}, nil
}

// Whoever has changed something never sees an older state of it, however many
// others read and change meanwhile; and nobody gets the response of another URL.
func TestReadsYourWrites(t *testing.T) {
	leak.Check(t)
	withStores(t, 1<<20, func(t *testing.T, store cache.Store) {
		server := &counterServer{}
		c := cache.New(cache.Config{Store: store, OnError: func(err error) { t.Error(err) }})
		defer c.Close()
		rt := c.Wrap(server)
		var wg sync.WaitGroup
		for g := range 6 {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(uint64(g), 1))
				var seen [5]int64
				for range 400 {
					i := random.IntN(5)
					method := http.MethodGet
					if random.IntN(10) == 0 {
						method = http.MethodPost
					}
					req, _ := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://example.com/%d", i), nil)
					req.Header.Set("X-Variant", strconv.Itoa(random.IntN(2)))
					resp, err := rt.RoundTrip(req)
					if err != nil {
						t.Error(err)
						return
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					n, _ := strconv.ParseInt(string(body), 10, 64)
					if err != nil || method == http.MethodGet && resp.Header.Get("X-Path") != strconv.Itoa(i) {
						t.Errorf("/%d: got %v, %v, %v", i, n, err, resp.Header)
					}
					if n < seen[i] {
						t.Errorf("/%d: got %v after %v", i, n, seen[i])
					}
					if method == http.MethodPost {
						seen[i] = n
					}
				}
			})
		}
		wg.Wait()
		if s := c.Stats(); s.Hits == 0 || s.Invalidated == 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// A response that was on its way while its URL changed is not kept, and a 304
// that was does not make an old one fresh.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"200|Cache-Control: max-age=100", "304|Cache-Control: max-age=100"} {
		origin := &origin{answer: `200|Cache-Control: max-age=0|ETag: "a"`}
		c := cache.New(cache.Config{})
		defer c.Close()
		during := func() {}
		rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(req)
			if req.Method == http.MethodGet {
				during()
			}
			return resp, err
		}))
		sendGet(t, rt, "http://example.com/")
		during = func() {
			during = func() {}
			if got := sendStep(t, rt, step{do: "POST /"}); got == "error" {
				t.Error("the POST failed")
			}
		}
		origin.set(answer)
		sendGet(t, rt, "http://example.com/")
		origin.set("200|Cache-Control: max-age=100")
		before := origin.requests()
		sendGet(t, rt, "http://example.com/")
		if origin.requests() == before {
			t.Errorf("%s: an answer from before the change was used after it", answer)
		}
	}
}

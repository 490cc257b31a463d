package cache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// turnStore is a [cache.Filler] that says what a test wants, and notes what happens.
type turnStore struct {
	*cache.Memory
	start func(ctx context.Context, key string, seen *cache.Meta) (turn, stored bool, err error)

	mu   sync.Mutex
	log  []string
	keep time.Duration // of the last entry
}

func (s *turnStore) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, text)
}

func (s *turnStore) taken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.log, " ")
	s.log = nil
	return text
}

func (s *turnStore) StartFill(ctx context.Context, key string, seen *cache.Meta) (func(cache.FillResult), bool, error) {
	text := "start"
	if seen != nil {
		text += "+seen"
	}
	s.note(text)
	turn, stored, err := true, false, error(nil)
	if s.start != nil {
		turn, stored, err = s.start(ctx, key, seen)
	}
	if !turn {
		return nil, stored, err
	}
	return func(r cache.FillResult) { s.note(r.String()) }, stored, err
}

func (s *turnStore) Create(key string, meta *cache.Meta) (cache.Writer, error) {
	s.keep = meta.Keep
	return s.Memory.Create(key, meta)
}

func (s *turnStore) Update(key string, meta *cache.Meta) error {
	s.keep = meta.Keep
	return s.Memory.Update(key, meta)
}

// TestFill: each request that may bring what others wait for has a turn, and ends it once,
// with what has become of it.
func TestFill(t *testing.T) {
	t.Parallel()
	const fresh, stale = `200|Cache-Control: max-age=100|ETag: "a"`, 200 * time.Second
	for _, tc := range []struct {
		name   string
		stored string // answer that is in the cache, stale by now
		with   step
		want   string
	}{
		{"miss", "", step{answer: fresh}, "start stored"},
		{"variant", "", step{answer: fresh + "|Vary: Accept"}, "start stored"},
		{"not storable", "", step{answer: "200|Cache-Control: no-store"}, "start unstorable"},
		{"any variant", "", step{answer: fresh + "|Vary: *"}, "start unstorable"},
		{"no body", "", step{answer: "204|Cache-Control: max-age=100"}, "start stored"},
		{"failed", "", step{answer: "fail"}, "start unstorable"},
		{"HEAD", "", step{do: "HEAD /", answer: fresh}, ""},
		{"POST", "", step{do: "POST /", answer: fresh}, ""},
		{"reload", "", step{with: "Cache-Control: no-cache", answer: fresh}, ""},
		{"no age", "", step{with: "Cache-Control: max-age=0", answer: fresh}, ""},
		{"only if cached", "", step{with: "Cache-Control: only-if-cached", answer: fresh}, ""},
		{"validated", fresh, step{answer: `304|ETag: "a"|Cache-Control: max-age=100`}, "start+seen stored"},
		{"replaced", fresh, step{answer: `200|ETag: "b"|Cache-Control: max-age=100`}, "start+seen stored"},
		{"replaced by what is not storable", fresh, step{answer: "200|Cache-Control: no-store"}, "start+seen unstorable"},
		{"validated for the last time", fresh, step{answer: `304|ETag: "a"|Cache-Control: no-store`}, "start+seen unstorable"},
		{"validated something else", fresh, step{answer: `304|ETag: "c"`}, "start+seen unstorable"},
		{"down", fresh, step{answer: "503"}, "start+seen unstorable"},
		{"always validated", `200|Cache-Control: no-cache|ETag: "a"`, step{answer: `304|ETag: "a"`}, ""},
		{"never fresh", `200|Cache-Control: max-age=0|ETag: "a"`, step{answer: `304|ETag: "a"`}, ""},
		{"in the background", fresh + `|Cache-Control: stale-while-revalidate=1000`, step{answer: `304|ETag: "a"`}, "start+seen stored"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				origin := &origin{answer: tc.stored}
				s := &turnStore{Memory: cache.NewMemory(0)}
				c := cache.New(cache.Config{Store: s, OnError: func(err error) { t.Error(err) }})
				defer c.Close()
				rt := c.Wrap(origin)
				if tc.stored != "" {
					sendGet(t, rt, "http://example.com/")
					time.Sleep(stale)
					s.taken()
				}
				origin.set(tc.with.answer)
				sendStep(t, rt, tc.with)
				synctest.Wait()
				if got := s.taken(); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// TestFillBody: a turn lasts as long as the body is stored.
func TestFillBody(t *testing.T) {
	t.Parallel()
	h := http.Header{"Cache-Control": {"max-age=100"}}
	broken := middleware.Func(func(req *http.Request) (*http.Response, error) {
		resp, err := middleware.Answer(200, h, "").RoundTrip(req)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("part"), iotest.ErrReader(errOrigin)))
		resp.ContentLength = -1
		return resp, err
	})
	for _, tc := range []struct {
		name string
		next http.RoundTripper
		read int64
		want string
	}{
		{"whole", middleware.Answer(200, h, "body"), 100, "start stored"},
		{"closed early", middleware.Answer(200, h, "body"), 2, "start abandoned"},
		{"broken", broken, 100, "start abandoned"},
		{"too large", middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := middleware.Answer(200, h, strings.Repeat("x", 1000)).RoundTrip(req)
			resp.ContentLength = -1
			return resp, err
		}), 1000, "start unstorable"},
		{"invalidated", nil, 100, "start abandoned"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := &turnStore{Memory: cache.NewMemory(0)}
			c := cache.New(cache.Config{Store: s, MaxBody: 500})
			defer c.Close()
			var rt http.RoundTripper
			next := tc.next
			if next == nil {
				next = middleware.Func(func(req *http.Request) (*http.Response, error) {
					if req.Method == http.MethodGet {
						if got := sendStep(t, rt, step{do: "POST /"}); got == "error" {
							t.Error("the POST failed")
						}
					}
					return middleware.Answer(200, h, "body").RoundTrip(req)
				})
			}
			rt = c.Wrap(next)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if s.mu.Lock(); len(s.log) != 1 {
				t.Errorf("the turn has ended before the body: %v", s.log)
			}
			s.mu.Unlock()
			io.CopyN(io.Discard, resp.Body, tc.read)
			resp.Body.Close()
			if got := s.taken(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestFillCancelled: one who gives up, or panics, leaves the turn to the next.
func TestFillCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &turnStore{Memory: cache.NewMemory(0)}
		c := cache.New(cache.Config{Store: s})
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wrap(&origin{answer: "hang"}).RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			req := req.Clone(t.Context())
			c.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) { panic("here") })).RoundTrip(req)
		}()
		if got, want := s.taken(), "start abandoned start abandoned"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestFillWaits: who has waited looks again; if that does not help, the server is asked.
func TestFillWaits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                string
		put                 bool // another one has stored it
		stored              bool
		err                 error
		cancel              bool
		want                string
		asked, hits, misses int
	}{
		{name: "stored", put: true, stored: true, want: "1", hits: 1},
		{name: "stored, and gone", stored: true, want: "1", asked: 1, misses: 1},
		{name: "neither", want: "1", asked: 1, misses: 1},
		{name: "store is down", err: errStore, want: "1", asked: 1, misses: 1},
		{name: "given up", cancel: true, err: context.DeadlineExceeded, want: "error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				origin := &origin{answer: "200|Cache-Control: max-age=100"}
				var told []error
				s := &turnStore{Memory: cache.NewMemory(0)}
				c := cache.New(cache.Config{Store: s, OnError: func(err error) { told = append(told, err) }})
				defer c.Close()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				s.start = func(ctx context.Context, key string, _ *cache.Meta) (bool, bool, error) {
					if tc.put {
						putEntry(t, s.Memory, key, "1", "1")
						entry, err := s.Memory.Open(key)
						if err != nil {
							return false, false, err
						}
						m := *entry.Meta
						m.Requested, m.Header = m.Received, http.Header{"Cache-Control": {"max-age=100"}}
						return false, true, s.Memory.Update(key, &m)
					}
					if tc.cancel {
						<-ctx.Done()
					}
					return false, tc.stored, tc.err
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/", nil)
				if err != nil {
					t.Fatal(err)
				}
				got := "error"
				if resp, err := c.Wrap(origin).RoundTrip(req); err == nil {
					body, _ := io.ReadAll(resp.Body)
					resp.Body.Close()
					got = string(body)
				} else if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				stats := c.Stats()
				if got != tc.want || origin.requests() != tc.asked || stats.Hits != int64(tc.hits) || stats.Misses != int64(tc.misses) {
					t.Errorf("got %q, %d asked, %+v", got, origin.requests(), stats)
				}
				if (len(told) == 1 && errors.Is(told[0], errStore)) != (tc.err == errStore) {
					t.Errorf("told: %v", told)
				}
				if log := s.taken(); log != "start" {
					t.Errorf("got %q, want one start", log)
				}
			})
		})
	}
}

var errStore = errors.New("the store is down")

// TestKeep: a store is told for how long an entry may be used without the server.
func TestKeep(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		answer string
		cfg    cache.Config
		want   time.Duration
	}{
		{"200|Cache-Control: max-age=100", cache.Config{}, 100 * time.Second},
		{"200|Cache-Control: max-age=100|Age: 30", cache.Config{}, 70 * time.Second},
		{"200|Cache-Control: max-age=100|Age: 130|ETag: \"a\"", cache.Config{}, 0},
		{"200|Cache-Control: max-age=100", cache.Config{StaleIfError: time.Hour, StaleWhileRevalidate: time.Minute}, time.Hour + 100*time.Second},
		{"200|Cache-Control: max-age=100, stale-while-revalidate=20, stale-if-error=10", cache.Config{StaleIfError: time.Hour}, 120 * time.Second},
		{"200|Cache-Control: max-age=100, must-revalidate", cache.Config{StaleIfError: time.Hour}, 100 * time.Second},
		{"200|Cache-Control: max-age=100, no-cache|ETag: \"a\"", cache.Config{StaleIfError: time.Hour}, 0},
		{"200|Expires: {now+1m}", cache.Config{}, time.Minute},
		{"200|Last-Modified: {now-100h}", cache.Config{HeuristicMax: time.Hour}, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &turnStore{Memory: cache.NewMemory(0), keep: -1}
			tc.cfg.Store = s
			c := cache.New(tc.cfg)
			defer c.Close()
			origin := &origin{answer: tc.answer}
			rt := c.Wrap(origin)
			sendGet(t, rt, "http://example.com/")
			if s.keep != tc.want {
				t.Errorf("%s: got %v, want %v", tc.answer, s.keep, tc.want)
			}
			if strings.Contains(tc.answer, "ETag") {
				origin.set(`304|ETag: "a"|Cache-Control: max-age=50`)
				sendGet(t, rt, "http://example.com/")
				if want := 50*time.Second + tc.cfg.StaleIfError; s.keep != want {
					t.Errorf("%s: got %v after a 304, want %v", tc.answer, s.keep, want)
				}
			}
		})
	}
}

// TestPrimaryKey: the keys of all variants of a URL have one in common.
func TestPrimaryKey(t *testing.T) {
	t.Parallel()
	var keys []string
	s := &turnStore{Memory: cache.NewMemory(0)}
	s.start = func(_ context.Context, key string, _ *cache.Meta) (bool, bool, error) {
		keys = append(keys, key)
		return true, false, nil
	}
	c := cache.New(cache.Config{Store: s})
	defer c.Close()
	rt := c.Wrap(&origin{answer: "200|Cache-Control: max-age=100|Vary: Accept"})
	for _, accept := range []string{"a", "b", "c"} {
		sendGet(t, rt, "http://example.com/?a=b", "Accept: "+accept, "X-Api-Key: 1")
	}
	if len(keys) != 3 || keys[1] == keys[2] || keys[0] != cache.PrimaryKey(keys[0]) {
		t.Errorf("got %q", keys)
	}
	for _, key := range keys {
		if got := cache.PrimaryKey(key); got != keys[0] {
			t.Errorf("%q: got %q", key, got)
		}
	}
	if got := fmt.Sprint(cache.FillStored, cache.FillUnstorable, cache.FillAbandoned, cache.FillResult(9)); got != "stored unstorable abandoned unknown" {
		t.Errorf("got %q", got)
	}
}

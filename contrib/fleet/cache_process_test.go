//go:build interop && linux

package fleet_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
)

func init() { roles["cache"] = cacheRole }

// bodyOf is what the server has under a path: its length and its bytes are the path's.
func bodyOf(path string) []byte {
	h := fnv.New64a()
	io.WriteString(h, path)
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	size := random.IntN(20_000)
	if random.IntN(20) == 0 {
		size = random.IntN(400_000)
	}
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	return body
}

// countingServer is an origin that counts what it was asked for, by path and variant.
type countingServer struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
	hold  chan struct{} // not nil: it holds the second half of /hold
}

func startCountingServer(t *testing.T) *countingServer {
	s := &countingServer{asked: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *countingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path+r.Header.Get("Accept-Language")]++
	n, posts := s.asked[r.URL.Path+r.Header.Get("Accept-Language")], s.asked[r.URL.Path]
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "max-age=10000")
	switch {
	case strings.HasPrefix(r.URL.Path, "/vary/"):
		w.Header().Set("Vary", "Accept-Language")
		fmt.Fprint(w, r.Header.Get("Accept-Language"))
		return
	case r.URL.Path == "/hold" && n == 1:
		body := bytes.Repeat([]byte("x"), 1<<20)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		<-s.hold
		return
	case r.URL.Path == "/hold":
		w.Write(bytes.Repeat([]byte("x"), 1<<20))
		return
	case r.URL.Path == "/number":
		fmt.Fprint(w, posts)
		return
	}
	time.Sleep(5 * time.Millisecond)
	w.Write(bodyOf(r.URL.Path))
}

func (s *countingServer) countOf(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[name]
}

// cacheRole is a process with a cache: its arguments are the addresses of Redis ("+" between
// those of a Cluster), and that of the server. It reads commands, one a line, and answers
// each with a line.
//
//	load URLS REQUESTS SEED   sends so many requests for the URLs in an order of the seed, 50
//	                          at a time
//	get PATH LANGUAGE         prints the body's length, its first 20 bytes, and the time taken
//	post PATH
func cacheRole(args []string, in io.Reader, out io.Writer) error {
	var client redis.UniversalClient
	if addrs := strings.Split(args[0], "+"); len(addrs) > 1 {
		client = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, ContextTimeoutEnabled: true})
	} else {
		client = redis.NewClient(&redis.Options{Addr: addrs[0], ContextTimeoutEnabled: true, PoolSize: 60})
	}
	defer client.Close()
	f, err := fleet.New(fleet.Config{Redis: client, Timeout: 10 * time.Second, Lease: 2 * time.Second})
	if err != nil {
		return err
	}
	defer f.Close()
	var failed atomic.Value
	c := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{}), OnError: func(err error) { failed.Store(err.Error()) }})
	defer c.Close()
	p := &cacheProcess{url: args[1], client: &http.Client{Transport: c.Wrap(&http.Transport{MaxIdleConnsPerHost: 60})}}
	lines := make([]byte, 0, 4096)
	buf := make([]byte, 4096)
	for {
		n, err := in.Read(buf)
		if err != nil {
			return nil // its end
		}
		lines = append(lines, buf[:n]...)
		for {
			line, rest, ok := strings.Cut(string(lines), "\n")
			if !ok {
				break
			}
			lines = []byte(rest)
			answer := p.run(strings.Fields(line))
			if text := failed.Swap(""); text != nil && text != "" {
				answer += " cache error: " + fmt.Sprint(text)
			}
			fmt.Fprintln(out, answer)
		}
	}
}

type cacheProcess struct {
	url    string
	client *http.Client
}

func (p *cacheProcess) run(command []string) string {
	switch command[0] {
	case "load":
		return p.load(command[1:])
	case "get":
		start := time.Now()
		body, err := p.get(command[1], command[2])
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(len(body), " ", string(body[:min(len(body), 20)]), " ", time.Since(start).Milliseconds())
	case "post":
		resp, err := p.client.Post(p.url+command[1], "text/plain", nil)
		if err != nil {
			return err.Error()
		}
		resp.Body.Close()
		return "ok"
	}
	return "no such command"
}

func (p *cacheProcess) get(path, language string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, p.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Language", language)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (p *cacheProcess) load(args []string) string {
	urls, _ := strconv.Atoi(args[0])
	requests, _ := strconv.Atoi(args[1])
	seed, _ := strconv.ParseUint(args[2], 10, 64)
	random := rand.New(rand.NewPCG(seed, 1))
	paths := make(chan string)
	var wrong atomic.Int64
	var wg sync.WaitGroup
	var last atomic.Value
	for range 50 {
		wg.Go(func() {
			for path := range paths {
				body, err := p.get(path, "en")
				if err != nil || !bytes.Equal(body, bodyOf(path)) {
					wrong.Add(1)
					last.Store(fmt.Sprint(path, " ", len(body), " ", err))
				}
			}
		})
	}
	order := random.Perm(urls)
	for i := range requests {
		paths <- "/" + strconv.Itoa(order[i%urls])
	}
	close(paths)
	wg.Wait()
	return fmt.Sprint(wrong.Load(), " wrong ", last.Load())
}

// startCaches starts processes with one cache.
func startCaches(t *testing.T, n int, addr, url string) []*procs.Process {
	var all []*procs.Process
	for range n {
		all = append(all, procs.Start(t, "cache", addr, url))
	}
	return all
}

func tell(t *testing.T, p *procs.Process, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(p.In, format+"\n", args...); err != nil {
		t.Fatal(err)
	}
}

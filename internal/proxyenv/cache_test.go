package proxyenv_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// TestCache: every variable that counts is seen when it changes.
func TestCache(t *testing.T) {
	t.Parallel()
	cache := new(proxyenv.Cache)
	env := map[string]string{}
	get := func(name string) string { return env[name] }
	empty := cache.Read(get)
	wantProxy(t, empty, "http://a.example/", "")
	if cache.Read(get) != empty {
		t.Error("it was read again although nothing has changed")
	}
	for _, line := range everything {
		name, value, _ := strings.Cut(line, "=")
		before := cache.Read(get)
		env[name] = value
		if cache.Read(get) == before {
			t.Errorf("%s was set, and is not seen", name)
		}
		before = cache.Read(get)
		env[name] = value + ":81"
		if cache.Read(get) == before {
			t.Errorf("%s has changed, and is not seen", name)
		}
	}
	wantProxy(t, cache.Read(get), "http://a.example/", "http://http:81")
	wantProxy(t, cache.Read(get), "wss://a.example/", "http://wss:81")
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		env[name] = "a.example"
		wantProxy(t, cache.Read(get), "http://a.example/", "")
		delete(env, name)
		wantProxy(t, cache.Read(get), "http://a.example/", "http://http:81")
	}
	env = map[string]string{"HTTP_PROXY": "http://upper"}
	wantProxy(t, cache.Read(get), "http://a.example/", "http://upper:80")
	env["REQUEST_METHOD"] = "GET"
	wantProxy(t, cache.Read(get), "http://a.example/", "")
}

// TestCacheProcessEnvironment: nil is the environment of the process.
func TestCacheProcessEnvironment(t *testing.T) {
	cache := new(proxyenv.Cache)
	for _, host := range []string{"one", "two"} {
		t.Setenv("http_proxy", "http://"+host+":1")
		t.Setenv("no_proxy", "")
		wantProxy(t, cache.Read(nil), "http://a.example/", "http://"+host+":1")
	}
}

func TestCacheConcurrent(t *testing.T) {
	t.Parallel()
	cache := new(proxyenv.Cache)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			want := fmt.Sprintf("http://p%d:1", i%2)
			for range 50 {
				wantProxy(t, cache.Read(getenv("http_proxy="+want)), "http://a.example/", want)
			}
		})
	}
	wg.Wait()
}

func TestCacheAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cache := new(proxyenv.Cache)
	get := getenv(everything...)
	cache.Read(get)
	if n := testing.AllocsPerRun(100, func() { cache.Read(get) }); n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func ExampleCache() {
	var cache proxyenv.Cache
	get := func(name string) string { return map[string]string{"http_proxy": "proxy.example:3128"}[name] }
	first := cache.Read(get)
	fmt.Println(first == cache.Read(get))
	// Output: true
}

package proxyenv_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/internal/proxyenv"
	"github.com/aiolos-http/aiolos/internal/racetest"
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

// TestCacheProxy: it finds what reading all of the environment finds, whichever
// variables are set.
func TestCacheProxy(t *testing.T) {
	t.Parallel()
	cache := new(proxyenv.Cache)
	envs := [][]string{{}, everything, {"no_proxy=a.example"}, {"REQUEST_METHOD=GET", "HTTP_PROXY=http://p:1"}, {"http_proxy= "}, {"http_proxy=ftp://p"}}
	for _, line := range everything {
		envs = append(envs, []string{line}, []string{line, "no_proxy=a.example"}, []string{line, "ALL_PROXY=socks5://s:1"})
	}
	for _, env := range envs {
		get := getenv(env...)
		for _, scheme := range []string{"http", "HTTPS", "ws", "wss", "ftp", ""} {
			u := &url.URL{Scheme: scheme, Host: "a.example"}
			got, err := cache.Proxy(get, u)
			want, wantErr := proxyenv.Read(get).Proxy(u)
			if fmt.Sprint(got, err) != fmt.Sprint(want, wantErr) {
				t.Errorf("%v, %s: got %v, %v, want %v, %v", env, scheme, got, err, want, wantErr)
			}
		}
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
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	cache := new(proxyenv.Cache)
	get := getenv(everything...)
	cache.Read(get)
	if n := testing.AllocsPerRun(100, func() { cache.Read(get) }); n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
	get = getenv()
	u := &url.URL{Scheme: "http", Host: "a.example"}
	if n := testing.AllocsPerRun(100, func() { cache.Proxy(get, u) }); n > 0 {
		t.Errorf("nothing is set: got %v allocations, want none", n)
	}
}

func ExampleCache() {
	var cache proxyenv.Cache
	get := func(name string) string { return map[string]string{"http_proxy": "proxy.example:3128"}[name] }
	first := cache.Read(get)
	fmt.Println(first == cache.Read(get))
	// Output: true
}

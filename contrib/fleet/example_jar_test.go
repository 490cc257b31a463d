package fleet_test

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// One process logs in, and another one is logged in.
func ExampleFleet_Jar() {
	server, err := miniredis.Run() // in the place of a real one
	if err != nil {
		panic(err)
	}
	defer server.Close()
	start := func() (j http.CookieJar, end func()) {
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
		f, err := fleet.New(fleet.Config{Redis: rdb})
		if err != nil {
			panic(err)
		}
		return f.Jar(fleet.JarConfig{}), func() { f.Close(); rdb.Close() }
	}
	one, end := start()
	defer end()
	two, end := start()
	defer end()

	u := &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}
	one.SetCookies(u, []*http.Cookie{{Name: "sid", Value: "31d4d96e407aad42", Secure: true}})
	for _, c := range two.Cookies(u) {
		fmt.Println(c.Name)
	}
	// Output: sid
}

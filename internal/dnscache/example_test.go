package dnscache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aiolos-http/aiolos/internal/dnscache"
)

func ExampleNew() {
	c := dnscache.New(dnscache.Config{
		Resolver: &resolver{addrs: "192.0.2.1 192.0.2.2"},
		TTL:      time.Minute,
	})
	defer c.Close()
	for range 3 {
		addrs, how, err := c.Lookup(context.Background(), "example.com", "443", nil)
		fmt.Println(addrs, how, err)
	}
	// Output:
	// [192.0.2.1 192.0.2.2] miss <nil>
	// [192.0.2.2 192.0.2.1] hit <nil>
	// [192.0.2.1 192.0.2.2] hit <nil>
}

func ExampleCache_Hosts() {
	c := dnscache.New(dnscache.Config{Resolver: &resolver{addrs: "192.0.2.1"}})
	defer c.Close()
	for _, host := range []string{"b.example", "a.example"} {
		if _, _, err := c.Lookup(context.Background(), host, "443", nil); err != nil {
			fmt.Println(err)
		}
	}
	for _, h := range c.Hosts() {
		fmt.Println(h.Host, h.Port, h.Addrs)
	}
	c.Remove("a.example", "443")
	fmt.Println(len(c.Hosts()))
	// Output:
	// a.example 443 [192.0.2.1]
	// b.example 443 [192.0.2.1]
	// 1
}

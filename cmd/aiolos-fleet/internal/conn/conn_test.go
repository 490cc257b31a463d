package conn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/conn"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"h:7":                        "h:7 db0 user= password= tls=false",
		"h":                          "h:6379 db0 user= password= tls=false",
		"[::1]:7":                    "[::1]:7 db0 user= password= tls=false",
		"redis://h":                  "h:6379 db0 user= password= tls=false",
		"redis://u:p@h:7/3":          "h:7 db3 user=u password=p tls=false",
		"rediss://:p@h":              "h:6379 db0 user= password=p tls=true",
		"unix:///tmp/x?db=2":         "/tmp/x db2 user= password= tls=false",
		"redis-socket://:p@/tmp/x":   "/tmp/x db0 user= password=p tls=false",
		"redis-sentinel://h?master=": "error", "redis-sentinel://h": "error", "redis-cluster://": "error",
		"http://h": "error", "": "error", "u:p@h": "error", "redis://h/x": "error",
		"::1": "[::1]:6379 db0 user= password= tls=false", "[::1]": "[::1]:6379 db0 user= password= tls=false",
		"fe80::1%eth0": "[fe80::1%eth0]:6379 db0 user= password= tls=false",
		"h:0":          "error", "h:65536": "error", "h:x": "error", "h:": "error", "h:7:8": "error", "redis://h:65536": "error",
		"redis-cluster://a:1,b:99999": "error", "redis-sentinel://a:b:c?master=m": "error",
	} {
		client, err := conn.Open(address, 4)
		if want == "error" {
			if err == nil {
				t.Errorf("%s: got no error", address)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		defer client.Close()
		o := client.(*redis.Client).Options()
		got := fmt.Sprintf("%s db%d user=%s password=%s tls=%v", o.Addr, o.DB, o.Username, o.Password, o.TLSConfig != nil)
		if got != want || !o.ContextTimeoutEnabled || o.PoolSize < 4 {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

// TestOpenMany: several hosts, which no URL has.
func TestOpenMany(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"redis-cluster://a,b:7":                       "a:1,b:7   /false",
		"rediss-cluster://u:p%40@a:7,[::1]:8":         "a:7,[::1]:8 u p@ /true",
		"redis-sentinel://:p@a,b/2?master=m&x=y":      "a:1,b:1  p /2/false",
		"redis-cluster://a,,b":                        "error",
		"redis-cluster://u:%zz@a":                     "error",
		"redis-sentinel://a:b:c@h1:1,h2:2?master=m":   "h1:1,h2:2 a b:c /false",
		"redis-sentinel://h1:1,h2:2/0?master=primary": "h1:1,h2:2   /0/false",
	} {
		addrs, user, password, path, withTLS, err := conn.ParseMany(address, "1")
		got := fmt.Sprintf("%s %s %s %s/%v", strings.Join(addrs, ","), user, password, path, withTLS)
		if err != nil {
			got = "error"
		}
		if got = strings.ReplaceAll(got, " /f", " /f"); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
	for _, address := range []string{"redis-cluster://a:1,b:2", "redis-sentinel://a:1,b:2/3?master=m"} {
		client, err := conn.Open(address, 4)
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	}
}

// TestOpenSecret: no error repeats what was given.
func TestOpenSecret(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"redis://u:canary@h:x", "redis://u:%zzcanary@h", "redis-cluster://u:%zzcanary@h", "redis-sentinel://:canary@h", "canary@h", "http://canary@h",
	} {
		if _, err := conn.Open(address, 1); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

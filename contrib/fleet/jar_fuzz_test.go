package fleet_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// FuzzStoredCookie: whatever a field of Redis holds, what is sent is a cookie of the field's
// host that a header can have.
func FuzzStoredCookie(f *testing.F) {
	for _, seed := range [][2]string{
		{"a.example\t/\tsid", `{"value":"1","host":true,"created":1}`},
		{"example\t/\tsid", `{"value":"1"}`},
		{"a.example\t/p\tsid", `{"value":"a b","quoted":true,"secure":true,"expires":99999999999}`},
		{"a.example\t/\tsid", `{"value":"1\r\nEvil: 1"}`},
		{"a.example\t\t", `{"value":""}`},
		{"b.example\t/\tsid", `{"expires":-1}`},
		{"", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	f.Cleanup(func() { client.Close() })
	group, err := fleet.New(fleet.Config{Redis: client, RetryAfter: 1 << 40})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { group.Close() })
	j := group.Jar(fleet.JarConfig{})
	u := &url.URL{Scheme: "https", Host: "a.example", Path: "/p/q"}
	f.Fuzz(func(t *testing.T, field, value string) {
		for _, c := range fleet.LoadStored(j, u, field, value) {
			if domain, _, _ := strings.Cut(field, "\t"); domain != "a.example" && domain != "example" {
				t.Errorf("%q: a cookie of another host is sent", field)
			}
			if !httpguts.ValidHeaderFieldValue(c.Name + "=" + c.Value) {
				t.Errorf("got %q, want what a header can have", c.Name+"="+c.Value)
			}
		}
	})
}

package jar_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/jar"
)

// TestCookiesAllocs: a request that has no cookies costs the heap nothing, and
// one that has some costs no more than their list.
func TestCookiesAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	empty, full := jar.New(jar.Config{}), jar.New(jar.Config{TreatAsSecureOrigin: []string{"http://localhost:8080"}})
	for i := range 1000 {
		set(t, full, fmt.Sprintf("https://h%d.example.com/", i), "a=1; Secure", "b=2; Path=/deep")
	}
	for _, test := range []struct {
		name, url string
		jar       *jar.Jar
		cookies   int
		max       float64
	}{
		{"empty jar", "https://example.com/", empty, 0, 0},
		{"other site", "https://www.example.org/a/b?c=d", full, 0, 0},
		{"other host of the site", "https://www.example.com/", full, 0, 0},
		{"address", "http://127.0.0.1:8080/", full, 0, 0},
		{"other scheme", "http://h1.example.com/", full, 0, 0},
		{"escaped path", "https://example.org/a%20b/c%2Fd", full, 0, 0},
		{"one cookie", "https://h1.example.com/", full, 1, 2},
		{"two cookies", "https://h1.example.com/deep/er", full, 2, 2},
	} {
		u := parseURL(t, test.url)
		var got []*http.Cookie
		allocs := testing.AllocsPerRun(200, func() { got = test.jar.Cookies(u) })
		if allocs > test.max {
			t.Errorf("%s: got %v allocations, want at most %v", test.name, allocs, test.max)
		}
		if len(got) != test.cookies {
			t.Errorf("%s: got %d cookies, want %d", test.name, len(got), test.cookies)
		}
	}
	if allocs := testing.AllocsPerRun(200, func() { empty.Len(); full.Len() }); allocs > 0 {
		t.Errorf("Len: got %v allocations", allocs)
	}
}

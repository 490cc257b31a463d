package jar_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/jar"
)

// TestConcurrentUse has every method at work at once; the race detector looks on.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var evictions atomic.Int64
	var j *jar.Jar
	j = jar.New(jar.Config{MaxPerDomain: 5, MaxTotal: 40, OnReject: func(*http.Cookie, jar.Reason) {
		evictions.Add(1)
		j.Len()
	}})
	var saved bytes.Buffer
	if err := filled(t).WriteJSON(&saved); err != nil {
		t.Fatal(err)
	}
	work := []func(i int){
		func(i int) {
			set(t, j, fmt.Sprintf("http://h%d.example.com/", i%10), fmt.Sprintf("a%d=1; Max-Age=%d", i, i%3))
		},
		func(i int) {
			u := parseURL(t, fmt.Sprintf("https://h%d.example.com/", i%10))
			j.SetCookies(u, []*http.Cookie{{Name: fmt.Sprint("b", i), Value: "1", Domain: "example.com"}})
		},
		func(i int) { sent(t, j, fmt.Sprintf("http://h%d.example.com/", i%10)) },
		func(i int) { j.Filter(parseURL(t, "https://h1.example.com/")) },
		func(i int) { j.Update([]*http.Cookie{{Name: "s", Value: fmt.Sprint(i)}}, nil) },
		func(i int) {
			for c := range j.All() {
				c.Value = "changed"
			}
			j.Len()
		},
		func(i int) { j.Clear(func(c *jar.Cookie) bool { return c.Name == fmt.Sprint("b", i) }) },
		func(i int) { j.ClearDomain(fmt.Sprintf("h%d.example.com", i%10)) },
		func(i int) { j.WriteJSON(io.Discard); j.WriteNetscape(io.Discard) },
		func(i int) {
			if i%50 == 0 {
				j.ReadJSON(bytes.NewReader(saved.Bytes()))
			}
		},
	}
	var wg sync.WaitGroup
	for _, f := range work {
		wg.Go(func() {
			for i := range 200 {
				f(i)
			}
		})
	}
	wg.Wait()
	if problem := jar.Consistent(j); problem != "" {
		t.Error(problem)
	}
	if evictions.Load() == 0 || j.Len() > 40 {
		t.Errorf("%d evictions, %d cookies", evictions.Load(), j.Len())
	}
	for c := range j.All() {
		if c.Value == "changed" {
			t.Error("a copy was not one")
		}
	}
}

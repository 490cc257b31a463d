package demo

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// The size of the demo.
const (
	planned  = 2000 // URLs that there are
	gone     = 10   // and that there are not
	workers  = 3
	jobs     = 16  // of a worker
	perHost  = 8   // requests under way to a host, of all workers
	rate     = 120 // requests a second to a host, of all workers
	maxBody  = 24 << 10
	killFrom = planned / 4 // after so many URLs a worker is killed
)

// content is the body of a URL, which depends on its number alone.
func content(n int) []byte {
	seed := sha256.Sum256([]byte(strconv.Itoa(n)))
	body := make([]byte, 1+(n*7919)%maxBody)
	_, _ = rand.NewChaCha8(seed).Read(body) // it never fails
	return body
}

// fault is how the server misbehaves, when a URL is first asked for.
type fault string

// The faults.
const (
	none     fault = ""
	broken   fault = "500"
	busy     fault = "503 with Retry-After"
	cut      fault = "cut in the body"
	hangUp   fault = "cut before the head"
	slow     fault = "slow"
	redirect fault = "redirect"
)

// faultOf is that of a URL.
func faultOf(n int) fault {
	switch {
	case n%200 == 77:
		return busy
	case n%20 == 3:
		return broken
	case n%20 == 8:
		return cut
	case n%20 == 13:
		return hangUp
	case n%20 == 18:
		return redirect
	case n%3 == 0:
		return slow
	}
	return none
}

// urls is the list that is pushed: one half for each host.
func urls(hosts [2]string) string {
	var list strings.Builder
	for n := range planned {
		fmt.Fprintf(&list, "http://%s/file/%d\n", hosts[n%2], n)
	}
	for n := range gone {
		fmt.Fprintf(&list, "http://%s/gone/%d\n", hosts[n%2], n)
	}
	return list.String()
}

package testserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Handler returns the server's handler. It keeps nothing between requests.
func Handler() http.Handler {
	mux := http.NewServeMux()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		mux.HandleFunc(method+" /"+strings.ToLower(method), inspect)
	}
	mux.HandleFunc("/anything", inspect)
	mux.HandleFunc("/anything/", inspect)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/headers", headers)
	mux.HandleFunc("/status/{status}", status)
	mux.HandleFunc("/redirect/{n}", redirect)
	mux.HandleFunc("/redirect-to", redirectTo)
	mux.HandleFunc("/cookies", cookies)
	mux.HandleFunc("/cookies/set", setCookies)
	mux.HandleFunc("/cookies/delete", deleteCookies)
	mux.HandleFunc("/basic-auth/{user}/{password}", basicAuth)
	mux.HandleFunc("/gzip", gzipped)
	mux.HandleFunc("/deflate", deflated)
	mux.HandleFunc("/bytes/{n}", pattern)
	mux.HandleFunc("/delay/{time}", delay)
	mux.HandleFunc("/drip", drip)
	mux.HandleFunc("/stream/{n}", stream)
	return mux
}

// number reads a number between low and high, or answers 400 and returns false.
func number(w http.ResponseWriter, name, s string, low, high int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < low || n > high {
		http.Error(w, fmt.Sprintf("%s: want a number from %d to %d, got %q", name, low, high, s), http.StatusBadRequest)
		return 0, false
	}
	return n, true
}

// maxWait bounds what a client can make the server wait.
const maxWait = 10 * time.Minute

// wait reads a duration, in Go's form or in seconds, or answers 400 and returns
// false.
func wait(w http.ResponseWriter, name, s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		var seconds float64
		if seconds, err = strconv.ParseFloat(s, 64); err == nil {
			d = time.Duration(seconds * float64(time.Second))
		}
	}
	if err != nil || d < 0 || d > maxWait {
		http.Error(w, fmt.Sprintf("%s: want a time up to %v, got %q", name, maxWait, s), http.StatusBadRequest)
		return 0, false
	}
	return d, true
}

// pause waits and returns true, or false if the client has gone meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

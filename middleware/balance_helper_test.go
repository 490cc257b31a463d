package middleware_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// fleet is a RoundTripper that answers as the backends would: with 200 and its name, or as
// it is told to.
type fleet struct {
	mu    sync.Mutex
	steps map[string]stubStep // by host
	asked []string            // hosts, in order
	reqs  []*http.Request
}

func (f *fleet) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	f.mu.Lock()
	step := f.steps[req.URL.Host]
	f.asked, f.reqs = append(f.asked, req.URL.Host), append(f.reqs, req)
	f.mu.Unlock()
	if step == nil {
		step = stubStatus(200, req.URL.Host)
	}
	resp, err := step(req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// set changes what a backend does; nil is 200.
func (f *fleet) set(host string, step stubStep) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.steps == nil {
		f.steps = map[string]stubStep{}
	}
	f.steps[host] = step
}

// took returns which backends were asked since the last call, in order.
func (f *fleet) took() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := strings.Join(f.asked, " ")
	f.asked = nil
	return text
}

// wantShares checks how often each backend was asked since the last call: as often as it
// says, give or take a twelfth of all.
func (f *fleet) wantShares(t *testing.T, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	all := strings.Fields(f.took())
	for _, host := range all {
		got[host]++
	}
	for host := range got {
		if off := got[host] - want[host]; off < -len(all)/12 || off > len(all)/12 {
			t.Errorf("got %v, want about %v", got, want)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want about %v", got, want)
	}
}

// backends are some without weights, by their addresses.
func backends(addrs ...string) (list []middleware.Backend) {
	for _, addr := range addrs {
		list = append(list, middleware.Backend{Addr: addr})
	}
	return list
}

// ask sends n requests one after the other, and returns the error of the last.
func ask(t testing.TB, rt http.RoundTripper, n int, header ...string) (err error) {
	t.Helper()
	for range n {
		req := newRequest(t, "GET", "http://h/", nil)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		var resp *http.Response
		if resp, err = rt.RoundTrip(req); err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return err
}

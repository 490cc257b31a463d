package debug_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

// TestVisitors: pages of other origins do not get the page, neither under a name of
// theirs that points here nor by a fetch.
func TestVisitors(t *testing.T) {
	t.Parallel()
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := debug.New(debug.Config{Session: s, Hosts: []string{"Ops.Example", "2001:db8::1"}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(page)
	defer srv.Close()
	for _, tt := range []struct {
		host   string
		header []string
		want   int
	}{
		{"", nil, 200}, // that of the URL: 127.0.0.1 and a port
		{"localhost:6060", nil, 200},
		{"LOCALHOST.", nil, 200},
		{"app.localhost:6060", nil, 200},
		{"[::1]:6060", nil, 200},
		{"[::1]", nil, 200},
		{"192.0.2.7", nil, 200},
		{"ops.example", nil, 200},
		{"OPS.example.:8080", nil, 200},
		{"attacker.example", nil, 403},
		{"attacker.example:6060", nil, 403},
		{"ops.example.attacker.example", nil, 403},
		{"localhost.attacker.example", nil, 403},
		{"notlocalhost", nil, 403},
		{"127.0.0.1.attacker.example", nil, 403},
		{"0x7f000001", nil, 403},
		{"attacker.example:x", nil, 403},
		{"", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, 403},
		{"", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{"", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 200},
		{"", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200},
	} {
		for _, target := range []string{"/", "/?format=json"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+target, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			for i := 0; i+1 < len(tt.header); i += 2 {
				req.Header.Set(tt.header[i], tt.header[i+1])
			}
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.want || resp.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("%q %v %s: got %d, %v, want %d", tt.host, tt.header, target, resp.StatusCode, resp.Header, tt.want)
			}
		}
	}
	if _, err := debug.New(debug.Config{Session: s, Hosts: []string{"ops.example:80/"}}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v", err)
	}
}

// TestStuckVisitors: visitors that never read keep nobody from the page.
func TestStuckVisitors(t *testing.T) {
	t.Parallel()
	page, _ := counting(t, 0)
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: page, ReadHeaderTimeout: time.Minute}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) }) // it ends with the test
	defer func() { srv.Close(); wg.Wait() }()
	var stuck []net.Conn
	for range 20 {
		c, err := n.DialContext(t.Context(), "tcp", "h:80")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		stuck = append(stuck, c)
	}
	rec := httptest.NewRecorder()
	page.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if rec.Code != 200 {
		t.Errorf("got %d", rec.Code)
	}
	for _, c := range stuck {
		c.Close()
	}
}

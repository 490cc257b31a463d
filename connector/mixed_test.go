package connector_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// longEnv has the tests that count make as many requests as it takes to be sure: a minute
// or two.
const longEnv = "AIOLOS_LONG_TESTS"

// many is short, or long with longEnv.
func many(short, long int) int {
	if os.Getenv(longEnv) != "" {
		return long
	}
	return short
}

// unasked is what no request has asked for. It names nobody.
const unasked = "HTTP/1.1 200 OK\r\nX-For: nobody\r\nContent-Length: 6\r\n\r\nnobody"

// mixedKinds are the ways in which a response ends, each with the request that gets it. %[1]s
// is the request's name, which has eight characters.
var mixedKinds = []struct{ name, method, response string }{
	{"length", "GET", "HTTP/1.1 200 OK\r\nX-For: %[1]s\r\nContent-Length: 8\r\n\r\n%[1]s"},
	{"no length to read", "GET", "HTTP/1.1 200 OK\r\nX-For: %[1]s\r\nContent-Length: 0\r\n\r\n"},
	{"204", "GET", "HTTP/1.1 204 No Content\r\nX-For: %[1]s\r\n\r\n"},
	{"304", "GET", "HTTP/1.1 304 Not Modified\r\nX-For: %[1]s\r\nContent-Length: 8\r\n\r\n"},
	{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nX-For: %[1]s\r\nContent-Length: 8\r\n\r\n"},
	{"chunked", "GET", "HTTP/1.1 200 OK\r\nX-For: %[1]s\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n%[1]s\r\n0\r\n\r\n"},
	{"POST", "POST", "HTTP/1.1 200 OK\r\nX-For: %[1]s\r\nContent-Length: 8\r\n\r\n%[1]s"},
}

// serveUnasked answers each request with its kind of response, and something behind it in
// the same segment.
func serveUnasked(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReaderSize(nc, 512)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		for field := ""; field != "\r\n" && err == nil; {
			field, err = br.ReadString('\n')
		}
		var kind int
		var name string
		if _, err := fmt.Sscanf(strings.Fields(line)[1], "/%d/%s", &kind, &name); err != nil {
			return
		}
		if _, err := io.WriteString(nc, fmt.Sprintf(mixedKinds[kind].response, name)+unasked); err != nil {
			return
		}
	}
}

// acceptAll serves each connection of a listener, which is closed with the test.
func acceptAll(tb testing.TB, ln net.Listener, serve func(net.Conn)) {
	tb.Helper()
	var wg sync.WaitGroup
	tb.Cleanup(func() { ln.Close(); wg.Wait() })
	wg.Go(func() {
		for nc, err := ln.Accept(); err == nil; nc, err = ln.Accept() {
			wg.Go(func() { serve(nc) })
		}
	})
}

// captureLog returns what the standard logger gets during the test.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	logged := new(bytes.Buffer)
	log.SetOutput(logged)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return logged
}

// sendMixed makes so many requests, some at a time, and returns how many got an answer that
// was not theirs.
func sendMixed(t *testing.T, c *connector.Connector, url func(i int64) string, count int) int64 {
	t.Helper()
	var next, mixed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(count) && !t.Failed(); i = next.Add(1) {
				name, kind := fmt.Sprintf("%08x", i), mixedKinds[i%int64(len(mixedKinds))]
				req, err := http.NewRequest(kind.method, fmt.Sprintf("%s/%d/%s", url(i), i%int64(len(mixedKinds)), name), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if !isAnswered(t, c, req, name) {
					mixed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return mixed.Load()
}

func isAnswered(t *testing.T, c *connector.Connector, req *http.Request, name string) bool {
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Errorf("%s %s: %v", req.Method, req.URL, err)
		return true
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", req.Method, req.URL, err)
	}
	return resp.Header.Get("X-For") == name && (len(body) == 0 || string(body) == name)
}

// TestMixedInMemory and TestMixedOnSockets: bytes behind a response are never the next one,
// and nobody talks about them.
func TestMixedInMemory(t *testing.T) {
	logged := captureLog(t)
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	acceptAll(t, ln, serveUnasked)
	c := newConnector(t, connector.Config{DialContext: n.DialContext})
	count, start := many(20_000, 1_000_000), time.Now()
	mixed := sendMixed(t, c, func(int64) string { return "http://h" }, count)
	checkMixed(t, c, logged, mixed, count, start)
}

func TestMixedOnSockets(t *testing.T) {
	logged := captureLog(t)
	var urls [8]string // a pair of addresses has only so many ports
	for i := range urls {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		acceptAll(t, ln, serveUnasked)
		urls[i] = "http://" + ln.Addr().String()
	}
	c := newConnector(t, connector.Config{})
	count, start := many(5_000, 100_000), time.Now()
	mixed := sendMixed(t, c, func(i int64) string { return urls[i/8%8] }, count)
	checkMixed(t, c, logged, mixed, count, start)
}

func checkMixed(t *testing.T, c *connector.Connector, logged *bytes.Buffer, mixed int64, count int, start time.Time) {
	t.Helper()
	t.Logf("%d requests, %d mixed, %v", count, mixed, time.Since(start).Round(time.Millisecond))
	if mixed > 0 {
		t.Errorf("%d of %d requests got what was not for them", mixed, count)
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %.1000s", logged)
	}
	// Each connection is closed after its response: what is behind that says that its
	// server does not know where it is.
	if st := c.Stats(); st.Reused > 0 || st.Idle > 0 {
		t.Errorf("a connection was used again: %+v", st)
	}
}

// Nor are they if the response fills what it was read into to the last byte, so that what is
// behind it is still in the connection, where only a look or a Read finds it.
func TestMixedLarge(t *testing.T) {
	t.Parallel()
	const buffer = 4096 // of net/http's reader
	for _, size := range []int{1, buffer - 1, buffer, 2 * buffer, 20_000} {
		for _, network := range []string{"memory", "socket"} {
			t.Run(fmt.Sprintf("%d, %s", size, network), func(t *testing.T) {
				t.Parallel()
				serve := func(nc net.Conn) { serveLarge(nc, size) }
				if network == "socket" {
					ln, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					acceptAll(t, ln, serve)
					checkLarge(t, newConnector(t, connector.Config{}), "http://"+ln.Addr().String(), size)
					return
				}
				synctest.Test(t, func(t *testing.T) {
					n := memnet.New()
					ln, err := n.Listen("h:80")
					if err != nil {
						t.Fatal(err)
					}
					acceptAll(t, ln, serve)
					c := newConnector(t, connector.Config{DialContext: n.DialContext})
					checkLarge(t, c, "http://h", size)
				})
			})
		}
	}
}

// serveLarge answers with a response that is so long all in all, head included where that is
// possible, or whose body is.
func serveLarge(nc net.Conn, size int) {
	defer nc.Close()
	br := bufio.NewReader(nc)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		name, bodySize := req.URL.Path[1:], size
		if req.URL.RawQuery == "whole" {
			bodySize = max(size-len(largeHead(name, size)), 1)
		}
		body := strings.Repeat(name, bodySize/len(name)+1)[:bodySize]
		if _, err := io.WriteString(nc, largeHead(name, bodySize)+body+unasked); err != nil {
			return
		}
	}
}

func largeHead(name string, size int) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nX-For: %s\r\nContent-Length: %d\r\n\r\n", name, size)
}

func checkLarge(t *testing.T, c *connector.Connector, url string, size int) {
	t.Helper()
	const requests = 200
	for i := range requests {
		name := fmt.Sprintf("%08x", i)
		query := []string{"", "?whole"}[i%2]
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", url+"/"+name+query, nil))
		if err != nil {
			t.Fatal(err)
		}
		var body []byte
		if i%4 < 2 {
			buf := make([]byte, size+1) // at once
			for err == nil {
				var n int
				n, err = resp.Body.Read(buf)
				body = append(body, buf[:n]...)
			}
		} else {
			body, _ = io.ReadAll(resp.Body)
		}
		resp.Body.Close()
		if got := resp.Header.Get("X-For"); got != name || !strings.HasPrefix(string(body), name[:min(8, len(body))]) {
			t.Fatalf("request %s got what was for %s: %.20q", name, got, body)
		}
	}
	if st := c.Stats(); st.Opened != requests {
		t.Errorf("a connection was used again: %+v", st)
	}
}

// Nor is what comes between the last byte of a response and its end as the client sees it:
// its caller may be slow, or the request still on its way.
func TestMixedBeforeEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, resp *http.Response){
		"a slow caller": func(t *testing.T, resp *http.Response) {
			if n, err := resp.Body.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
			time.Sleep(20 * time.Millisecond)
		},
		"an upload": func(*testing.T, *http.Response) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				ln, err := n.Listen("h:80")
				if err != nil {
					t.Fatal(err)
				}
				acceptAll(t, ln, serveBeforeEnd)
				c := newConnector(t, connector.Config{Limit: 1, DialContext: n.DialContext})
				for range 50 {
					req := newRequest(t, t.Context(), "POST", "http://h/first", nil)
					if name == "an upload" {
						pr, pw := io.Pipe()
						time.AfterFunc(20*time.Millisecond, func() { pw.Close() })
						req.Body, req.ContentLength = pr, -1
					}
					resp, err := c.RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					var wg sync.WaitGroup
					wg.Go(func() { // waits for the connection
						resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/second", nil))
						if err != nil {
							t.Error(err)
							return
						}
						if got := read(t, resp); got != "ok" {
							t.Errorf("got %q", got)
						}
					})
					end(t, resp)
					read(t, resp)
					wg.Wait()
				}
				c.Close()
			})
		})
	}
}

// serveBeforeEnd answers before it has read a request's body, and says more a while after
// that.
func serveBeforeEnd(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReader(nc)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		io.WriteString(nc, okResponse) // who has gone reads no more
		if req.URL.Path == "/first" {
			time.Sleep(10 * time.Millisecond)
			io.WriteString(nc, unasked)
		}
		io.Copy(io.Discard, req.Body)
	}
}

package connector_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// unaskedAnswer is what no request has asked for. It names nobody.
const unaskedAnswer = "HTTP/1.1 200 OK\r\nX-For: nobody\r\nContent-Length: 6\r\n\r\nnobody"

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

// What is behind a response is not the next one if the response fills what it was read into to the last byte, so that what is
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
		if _, err := io.WriteString(nc, largeHead(name, bodySize)+body+unaskedAnswer); err != nil {
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
			io.WriteString(nc, unaskedAnswer)
		}
		io.Copy(io.Discard, req.Body)
	}
}

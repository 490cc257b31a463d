package connector_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// extraServer answers each request with its own number, in the form that the path asks for,
// and bytes behind it in the same segment: another response, which is nobody's.
func extraServer(t *testing.T, ln net.Listener) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serveExtra(nc) })
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
}

const poison = "HTTP/1.1 200 OK\r\nX-Number: poison\r\nContent-Length: 6\r\n\r\npoison"

func serveExtra(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReaderSize(nc, 1024)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		for head := line; head != "\r\n"; {
			if head, err = br.ReadString('\n'); err != nil {
				return
			}
		}
		kind, number, _ := strings.Cut(strings.TrimPrefix(strings.Fields(line)[1], "/"), "/")
		start := "HTTP/1.1 200 OK\r\nX-Number: " + number + "\r\n"
		size := strconv.Itoa(len(number))
		switch kind {
		case "length", "head":
			start += "Content-Length: " + size + "\r\n\r\n"
			if kind == "length" {
				start += number
			}
		case "chunked":
			start += "Transfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(number)), 16) + "\r\n" + number + "\r\n0\r\n\r\n"
		case "204":
			start = "HTTP/1.1 204 No Content\r\nX-Number: " + number + "\r\n\r\n"
		case "304":
			start = "HTTP/1.1 304 Not Modified\r\nX-Number: " + number + "\r\nContent-Length: 5\r\n\r\n"
		}
		if !strings.HasSuffix(number, "7") { // and now and then nothing, so that there are connections to use again
			start += poison
		}
		if _, err := io.WriteString(nc, start); err != nil {
			return
		}
	}
}

// askNumber sends one request and says what is wrong with the answer.
func askNumber(c *connector.Connector, kind string, n int) error {
	method, want := "GET", strconv.Itoa(n)
	if kind == "head" {
		method = "HEAD"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://h/"+kind+"/"+want, nil)
	if err != nil {
		return err
	}
	resp, err := c.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if got := resp.Header.Get("X-Number"); got != want || len(b) > 0 && string(b) != want {
		return fmt.Errorf("%s %s: got the answer %s, %q", kind, want, got, b)
	}
	return nil
}

// askMany sends n requests, each of which is to have its own answer.
func askMany(t *testing.T, c *connector.Connector, n int) {
	t.Helper()
	kinds := []string{"length", "head", "chunked", "204", "304"}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < n; i += 8 {
				if err := askNumber(c, kinds[i%len(kinds)], i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// mixedRequests is a number of requests for every day, or all of them.
func mixedRequests(short, long int) int {
	if os.Getenv("AIOLOS_LONG") != "" {
		return long
	}
	return short
}

// TestAnswersNeverMixed: bytes behind a response, in the same segment, are never taken for
// the next request's answer, whatever ends the response. The connection is closed, and
// nothing is logged. With AIOLOS_LONG it is a million requests in memory, and 100,000 on
// sockets.
func TestAnswersNeverMixed(t *testing.T) { // not parallel: the log is everybody's
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	t.Run("memory", func(t *testing.T) {
		n := memnet.New()
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		extraServer(t, ln)
		askMany(t, newConnector(t, connector.Config{DialContext: n.DialContext}), mixedRequests(10_000, 1_000_000))
	})
	t.Run("sockets", func(t *testing.T) {
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		extraServer(t, ln)
		addr := ln.Addr().String()
		c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		}})
		askMany(t, c, mixedRequests(2_000, 100_000))
		if st := c.Stats(); st.Reused == 0 {
			t.Errorf("no connection was used again: %+v", st)
		}
	})
	if logged.Len() > 0 {
		t.Errorf("logged: %.300s", logged.String())
	}
}

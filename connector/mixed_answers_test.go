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
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/racetest"
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

// extraLarge is how often a large body says its number: more than the reader's buffer takes.
const extraLarge = 2000

func serveExtra(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReaderSize(nc, 1024)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		length := 0
		for head := line; head != "\r\n"; {
			if head, err = br.ReadString('\n'); err != nil {
				return
			}
			fmt.Sscanf(head, "Content-Length: %d", &length)
		}
		if _, err := br.Discard(length); err != nil {
			return
		}
		kind, number, _ := strings.Cut(strings.TrimPrefix(strings.Fields(line)[1], "/"), "/")
		start := "HTTP/1.1 200 OK\r\nX-Number: " + number + "\r\n"
		size := strconv.Itoa(len(number))
		switch kind {
		case "length", "post", "head":
			start += "Content-Length: " + size + "\r\n\r\n"
			if kind != "head" {
				start += number
			}
		case "empty":
			start += "Content-Length: 0\r\n\r\n"
		case "large":
			start += "Content-Length: " + strconv.Itoa(extraLarge*len(number)) + "\r\n\r\n" + strings.Repeat(number, extraLarge)
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
	var body io.Reader
	switch kind {
	case "head":
		method = "HEAD"
	case "post":
		method, body = "POST", strings.NewReader(want)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://h/"+kind+"/"+want, body)
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
	got := resp.Header.Get("X-Number")
	if kind == "large" && len(b) == extraLarge*len(want) {
		b = []byte(strings.ReplaceAll(string(b), want, "") + want)
	}
	if got != want || len(b) > 0 && string(b) != want {
		return fmt.Errorf("%s %s: got the answer %s, %q", kind, want, got, b)
	}
	return nil
}

// askMany sends n requests, each of which is to have its own answer.
func askMany(t *testing.T, c *connector.Connector, n int) {
	t.Helper()
	kinds := []string{"length", "head", "chunked", "204", "304", "post", "empty", "large"}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < n; i += 8 {
				if err := askNumber(c, kinds[i/8%len(kinds)], i); err != nil {
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

// TestAnswersNeverMixedInFull: bytes behind a response, in the same segment, are never taken for
// the next request's answer, whatever ends the response. The connection is closed, and
// nothing is logged. With AIOLOS_LONG it is a million requests in memory, and 100,000 on
// sockets.
func TestAnswersNeverMixedInFull(t *testing.T) { // not parallel: the log is everybody's
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
		askMany(t, newConnector(t, connector.Config{DialContext: n.DialContext}), mixedRequests(racetest.Count(10_000, 3_000), 1_000_000))
	})
	t.Run("sockets", func(t *testing.T) {
		var addrs [8]string // a pair of addresses has only so many ports
		for i := range addrs {
			ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			extraServer(t, ln)
			addrs[i] = ln.Addr().String()
		}
		var dials atomic.Uint32
		c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addrs[dials.Add(1)%8])
		}})
		askMany(t, c, mixedRequests(racetest.Count(2_000, 600), 100_000))
		if st := c.Stats(); st.Reused == 0 {
			t.Errorf("no connection was used again: %+v", st)
		}
	})
	if logged.Len() > 0 {
		t.Errorf("logged: %.300s", logged.String())
	}
}

package connector_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// play is a random run over a pool of two connections: what clients and server do comes from a
// seed. Each request has a number, which its body and its answer have, too.
type play struct {
	t    *testing.T
	mu   sync.Mutex
	rnd  *rand.Rand
	seen map[string]int // how often the server has had a request whole, by number
}

func (p *play) pick(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rnd.IntN(n)
}

// serve answers requests in random ways: whole, cut, early, with bytes behind, with interim
// responses, or not at all.
func (p *play) serve(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReader(nc)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		number := req.Header.Get("X-Number")
		early := p.pick(8) == 0
		if req.Header.Get("Expect") != "" && p.pick(3) > 0 {
			io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		if !early {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			if len(body) > 0 && string(body[:min(len(body), len(number))]) != number {
				p.t.Errorf("request %s has the body %.20q", number, body)
			}
			p.mu.Lock()
			p.seen[number]++
			p.mu.Unlock()
		}
		if !p.reply(nc, br, number, req.Method == "HEAD") || early {
			return
		}
	}
}

// reply reports whether the connection can go on.
func (p *play) reply(nc net.Conn, br *bufio.Reader, number string, head bool) bool {
	size := strconv.Itoa(len(number))
	answer := "HTTP/1.1 200 OK\r\nX-Number: " + number + "\r\nContent-Length: " + size + "\r\n\r\n" + number
	if head {
		answer = strings.TrimSuffix(answer, number)
	}
	if p.pick(6) == 0 {
		io.WriteString(nc, "HTTP/1.1 103 Early Hints\r\nX-Number: "+number+"\r\n\r\n")
	}
	switch p.pick(14) {
	case 0: // cut anywhere
		io.WriteString(nc, answer[:p.pick(len(answer))])
		return false
	case 1: // bytes behind
		io.WriteString(nc, answer+poison)
	case 2: // and later, if the connection is idle: when another request is out, nobody can tell
		io.WriteString(nc, answer)
		p.pollute(nc, br)
	case 3:
		io.WriteString(nc, answer)
		return false
	case 4: // says nothing
		time.Sleep(time.Hour)
		return false
	case 5:
		if !head {
			answer = "HTTP/1.1 200 OK\r\nX-Number: " + number + "\r\nTransfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + number + "\r\n0\r\n\r\n"
		}
		io.WriteString(nc, answer)
	case 6: // slowly
		for i := range answer {
			io.WriteString(nc, answer[i:i+1])
			time.Sleep(time.Millisecond)
		}
	case 7: // the time of an idle connection is up
		io.WriteString(nc, answer)
		time.Sleep(time.Duration(p.pick(20)) * time.Millisecond)
		io.WriteString(nc, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return false
	default:
		io.WriteString(nc, answer)
	}
	return true
}

// pollute writes to a connection that is idle.
func (p *play) pollute(nc net.Conn, br *bufio.Reader) {
	const oddTime = 5*time.Millisecond + 333*time.Microsecond // at which nobody else wakes up
	time.Sleep(oddTime)
	nc.SetReadDeadline(time.Now().Add(time.Microsecond))
	_, err := br.Peek(1)
	nc.SetReadDeadline(time.Time{})
	if err != nil {
		io.WriteString(nc, poison)
	}
}

// request sends one request, and looks at its answer.
func (p *play) request(c *connector.Connector, n int) {
	number := fmt.Sprintf("%06d", n)
	method := []string{"GET", "HEAD", "POST", "PUT", "POST", "GET"}[p.pick(6)]
	timeout := connector.ClientTimeout{Total: time.Minute, SockRead: time.Duration(1+p.pick(3)) * time.Second}
	ctx, cancel := context.WithCancel(connector.WithSettings(context.Background(), connector.Settings{Timeout: timeout}))
	defer cancel()
	if p.pick(5) == 0 {
		time.AfterFunc(time.Duration(p.pick(30))*time.Millisecond, cancel)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://h/", p.body(method, number))
	if err != nil {
		p.t.Error(err)
		return
	}
	req.Header.Set("X-Number", number)
	if req.Body != nil && p.pick(5) == 0 {
		req.Header.Set("Expect", "100-continue")
	}
	resp, err := c.RoundTrip(req)
	if err != nil {
		if !errors.Is(err, errors.ErrClient) && !errors.Is(err, context.Canceled) {
			p.t.Errorf("request %s has an error without a class: %v", number, err)
		}
		return
	}
	if got := resp.Header.Get("X-Number"); got != number {
		p.t.Errorf("request %s got the answer %q, %s", number, got, resp.Status)
	}
	if p.pick(6) > 0 {
		if b, err := io.ReadAll(resp.Body); err == nil && method != "HEAD" && string(b) != number {
			p.t.Errorf("request %s got the body %.20q", number, b)
		}
	}
	resp.Body.Close()
}

func (p *play) body(method, number string) io.Reader {
	if method == "GET" || method == "HEAD" {
		return nil
	}
	size := []int{6, 100, 10_000, 100_000}[p.pick(4)]
	text := number + strings.Repeat("x", size-len(number))
	switch p.pick(3) {
	case 0:
		return strings.NewReader(text)
	case 1:
		return &onceBody{Reader: strings.NewReader(text)}
	}
	pr, pw := io.Pipe()
	stops := p.pick(4) == 0
	go func() {
		defer pw.Close()
		if _, err := io.WriteString(pw, text); err == nil && stops {
			time.Sleep(time.Hour)
		}
	}()
	return pr
}

// runPlay is one run: it ends with every slot, goroutine and connection given back.
func runPlay(t *testing.T, seed uint64, requests int) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), seen: map[string]int{}}
		n := memnet.New()
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		var servers sync.WaitGroup
		servers.Go(func() {
			for {
				nc, err := ln.Accept()
				if err != nil {
					return
				}
				servers.Go(func() { p.serve(nc) })
			}
		})
		c, err := connector.New(connector.Config{Limit: 2, DialContext: n.DialContext, ExpectContinueTimeout: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		var clients sync.WaitGroup
		for worker := range 4 {
			clients.Go(func() {
				for i := worker; i < requests; i += 4 {
					p.request(c, i)
				}
			})
		}
		clients.Wait()
		time.Sleep(2 * time.Hour) // whoever sleeps wakes up
		synctest.Wait()
		if st := c.Stats(); st.InUse != 0 || st.Unread != 0 || st.Waiting != 0 {
			t.Errorf("seed %d: %+v", seed, st)
		}
		c.Close()
		ln.Close()
		servers.Wait()
		if st := c.Stats(); st.Opened != st.Closed || st.Idle != 0 {
			t.Errorf("seed %d, at the end: %+v", seed, st)
		}
	})
}

// TestExchangesAtRandom: whatever clients and server do, no response meets another request
// than its own, and nothing is lost.
func TestExchangesAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(mixedRequests(150, 5000)) {
		runPlay(t, seed, 40)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzExchanges(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(binary.BigEndian.AppendUint64(nil, seed))
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		var b [8]byte
		copy(b[:], seed)
		runPlay(t, binary.BigEndian.Uint64(b[:]), 40)
	})
}

package connector_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// FuzzExchange (with -fuzzminimizetime 1x: what runs at the same time is not the same twice)
// makes random requests of a server that does anything, over two connections at
// most at a time. Each response names its request. What must hold:
//
//   - no request gets what is another's, or nobody's;
//   - what is not idempotent comes to the server once;
//   - what has no reason to fail does not;
//   - each request's body is closed once;
//   - in the end no slot, connection, goroutine or buffer is left.
func FuzzExchange(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(20) {
		f.Add(randomCase(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { runCase(t, data) })
}

// TestExchangeMix is the fuzz target with many cases.
func TestExchangeMix(t *testing.T) {
	cases := 2000
	if racetest.Enabled {
		cases = 300 // each takes ten times as long
	}
	for seed := range uint64(mixedRequests(cases, 100_000)) {
		runSeed(t, 1000+seed)
	}
}

func runSeed(t *testing.T, seed uint64) {
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	runCase(t, randomCase(seed))
}

func randomCase(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, 40+r.IntN(300))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// maxPlans bounds a case, whatever the fuzzer makes of it.
const maxPlans = 16

func runCase(t *testing.T, data []byte) {
	c := &choices{data}
	var plans []*plan
	for i := 0; i < maxPlans && (i == 0 || len(c.data) > 0); i++ {
		plans = append(plans, newPlan(c, i))
	}
	lent := lentBuffers()
	synctest.Test(t, func(t *testing.T) { runPlans(t, plans) })
	if now := lentBuffers(); now > lent {
		t.Errorf("%d buffers were not given back", now-lent)
	}
}

func runPlans(t *testing.T, plans []*plan) {
	w := &world{t: t, plans: map[string]*plan{}, seen: map[string]int{}}
	for _, p := range plans {
		w.plans[p.name] = p
	}
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for nc, err := ln.Accept(); err == nil; nc, err = ln.Accept() {
			go w.serve(nc.(*memnet.Conn))
		}
	}()
	var open atomic.Int32
	c, err := connector.New(connector.Config{Limit: 2, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := n.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		return &countedConn{Conn: nc, open: &open}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	sendPlans(t, c, plans)
	time.Sleep(2 * time.Second) // what is still being sent ends, and the sweep has come
	st := c.Stats()
	if st.InUse != 0 || st.Waiting != 0 || st.Unread != 0 || int(open.Load()) != st.Idle {
		t.Errorf("at the end: %+v, %d connections are open", st, open.Load())
	}
	c.Close()
	ln.Close()
	synctest.Wait()
	if st := c.Stats(); st.Idle != 0 || st.Opened != st.Closed || open.Load() != 0 {
		t.Errorf("after Close: %+v, %d connections are open", st, open.Load())
	}
}

// countedConn counts the connections that nobody has closed.
type countedConn struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// sendPlans sends the requests, three at a time.
func sendPlans(t *testing.T, c *connector.Connector, plans []*plan) {
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for i := worker; i < len(plans); i += 3 {
				sleepAbout(plans[i].wait)
				sendPlan(t, c, plans[i])
			}
		})
	}
	wg.Wait()
}

func sendPlan(t *testing.T, c *connector.Connector, p *plan) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if p.cancelAfter > 0 {
		defer time.AfterFunc(p.cancelAfter, cancel).Stop()
	}
	if p.total > 0 || p.sockRead > 0 {
		ctx = connector.WithSettings(ctx, connector.Settings{Timeout: connector.ClientTimeout{Total: p.total, SockRead: p.sockRead}})
	}
	body := newBody(p)
	req := planRequest(t, ctx, p, body)
	resp, err := c.RoundTrip(req)
	time.Sleep(time.Nanosecond) // the server knows by then that they have crossed
	if err != nil {
		if p.harmless() && !p.crossed.Load() {
			t.Errorf("%s %s: %v", p.method, p.name, err)
		}
		if !errors.Is(err, errors.ErrClient) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s %s has an error without a class: %v", p.method, p.name, err)
		}
	} else {
		readPlan(t, p, resp)
	}
	if body == nil {
		return
	}
	time.Sleep(time.Second) // it may be closed after the return
	if n := body.closes.Load(); n != 1 {
		t.Errorf("%s %s: the request's body was closed %d times", p.method, p.name, n)
	}
}

func planRequest(t *testing.T, ctx context.Context, p *plan, body *planBody) *http.Request { //nolint:revive // the test comes first
	t.Helper()
	var from io.Reader
	switch {
	case body != nil:
		from = body
	case p.body == bodyMemory:
		from = strings.NewReader(p.upload())
	}
	req := newRequest(t, ctx, p.method, "http://h/"+p.name, from)
	if body != nil && p.declared {
		req.ContentLength = int64(p.size)
	}
	if p.expect {
		req.Header.Set("Expect", "100-continue")
	}
	return req
}

// readPlan does with a response what its plan says, and compares.
func readPlan(t *testing.T, p *plan, resp *http.Response) {
	defer resp.Body.Close()
	if p.crossed.Load() {
		return
	}
	if got := resp.Header.Get("X-For"); got != p.name {
		t.Errorf("%s %s got the answer of %q: %s", p.method, p.name, got, resp.Status)
	}
	var body []byte
	var err error
	switch p.read {
	case readAll:
		body, err = io.ReadAll(resp.Body)
	case readSome:
		body, _ = io.ReadAll(io.LimitReader(resp.Body, int64(p.length/2)))
		sleepAbout(0)
	case readBesideClose:
		closed := make(chan struct{})
		go func() {
			sleepAbout(0)
			resp.Body.Close()
			close(closed)
		}()
		body, _ = io.ReadAll(resp.Body)
		<-closed
	}
	want := p.content()
	if !strings.HasPrefix(want, string(body)) {
		t.Errorf("%s %s got a body of somebody else: %.40q", p.method, p.name, body)
	}
	hasBody := p.method != "HEAD" && p.framing != with204 && p.framing != with304
	if p.harmless() && (err != nil || hasBody && len(body) != len(want)) {
		t.Errorf("%s %s got %d bytes, want %d: %v", p.method, p.name, len(body), len(want), err)
	}
}

package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// heard is what a trace heard of one exchange, in order.
type heard struct {
	mu    sync.Mutex
	names []string

	// What keeps the goroutines of an exchange in one order: they are closed by
	// Wait100Continue, the Got1xxResponse of a 100, and WroteRequest.
	asked, goesOn, wrote chan struct{}
	over                 <-chan struct{} // the test has ended, or failed: nobody waits any more
}

func newHeard(t *testing.T) *heard {
	return &heard{over: t.Context().Done(), asked: make(chan struct{}), goesOn: make(chan struct{}), wrote: make(chan struct{})}
}

// await waits until something has happened.
func (h *heard) await(c chan struct{}) {
	select {
	case <-c:
	case <-h.over:
	}
}

// isClosed reports whether something has happened.
func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (h *heard) add(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names = append(h.names, fmt.Sprintf(format, args...))
}

// events are the names so far. The fields of a head of HTTP/2 come in no order.
func (h *heard) events() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := slices.Clone(h.names)
	for from := 0; from < len(names); from++ {
		to := from
		for to < len(names) && strings.HasPrefix(names[to], "WroteHeaderField") {
			to++
		}
		slices.Sort(names[from:to])
		from = max(from, to-1)
	}
	return names
}

func failed(err error) string {
	if err != nil {
		return " failed"
	}
	return ""
}

// trace has every hook there is.
func (h *heard) trace() *httptrace.ClientTrace {
	var once, onceGoesOn sync.Once
	return &httptrace.ClientTrace{
		GetConn: func(addr string) { h.add("GetConn %s", addr) },
		GotConn: func(i httptrace.GotConnInfo) {
			h.add("GotConn reused %v, idle %v for a time %v, conn %v", i.Reused, i.WasIdle, i.IdleTime > 0, i.Conn != nil)
		},
		PutIdleConn:          func(err error) { h.add("PutIdleConn%s", failed(err)) },
		GotFirstResponseByte: func() { h.add("GotFirstResponseByte") },
		Got100Continue:       func() { h.add("Got100Continue") },
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			h.add("Got1xxResponse %d", code)
			if code == http.StatusContinue {
				onceGoesOn.Do(func() { close(h.goesOn) })
			}
			return nil
		},
		DNSStart:          func(i httptrace.DNSStartInfo) { h.add("DNSStart %s", i.Host) },
		DNSDone:           func(i httptrace.DNSDoneInfo) { h.add("DNSDone%s", failed(i.Err)) },
		ConnectStart:      func(_, addr string) { h.add("ConnectStart %s", addr) },
		ConnectDone:       func(_, addr string, err error) { h.add("ConnectDone %s%s", addr, failed(err)) },
		TLSHandshakeStart: func() { h.add("TLSHandshakeStart") },
		TLSHandshakeDone:  func(_ tls.ConnectionState, err error) { h.add("TLSHandshakeDone%s", failed(err)) },
		WroteHeaderField:  func(name string, values []string) { h.add("WroteHeaderField %s %q", name, values) },
		WroteHeaders:      func() { h.add("WroteHeaders") },
		Wait100Continue:   func() { h.add("Wait100Continue"); close(h.asked) },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if isClosed(h.asked) {
				h.await(h.goesOn)
			}
			h.add("WroteRequest%s", failed(i.Err))
			once.Do(func() { close(h.wrote) })
		},
	}
}

// tracedExchange is one request and what answers it.
type tracedExchange struct {
	name   string
	method string
	body   func() io.Reader // nil: none
	length int64            // of the body, 0 if that is not said
	expect bool
	close  bool
	// interim comes before the response, or before the body is read.
	interim []int
	empty   bool // 204
}

func (e *tracedExchange) request(t *testing.T, ctx context.Context, to string) *http.Request { //nolint:revive // the test comes first
	t.Helper()
	var body io.Reader
	if e.body != nil {
		body = e.body()
	}
	req := newRequest(t, ctx, e.method, to, body)
	if e.length > 0 {
		req.ContentLength = e.length
	}
	req.Header.Set("X-One", "1")
	if e.expect {
		req.Header.Set("Expect", "100-continue")
	}
	req.Close = e.close
	return req
}

var tracedExchanges = []tracedExchange{
	{name: "GET", method: "GET"},
	{name: "HEAD", method: "HEAD"},
	{name: "204", method: "GET", empty: true},
	{name: "closes", method: "GET", close: true},
	{name: "POST from memory", method: "POST", body: func() io.Reader { return strings.NewReader("body") }},
	{name: "POST, large", method: "POST", body: func() io.Reader { return strings.NewReader(strings.Repeat("body", 10_000)) }},
	{name: "POST of a stream", method: "POST", body: func() io.Reader { return io.MultiReader(strings.NewReader("body")) }},
	{name: "POST of a stream of known length", method: "POST", length: 4, body: func() io.Reader { return io.MultiReader(strings.NewReader("body")) }},
	{name: "Expect", method: "PUT", expect: true, interim: []int{100}, body: func() io.Reader { return strings.NewReader("body") }},
	{name: "Expect, of a stream", method: "PUT", expect: true, interim: []int{100}, body: func() io.Reader { return io.MultiReader(strings.NewReader("body")) }},
	{name: "Expect without a body", method: "GET", expect: true},
	{name: "103", method: "GET", interim: []int{103, 103}},
}

// tracedHop is a way to a server.
type tracedHop struct {
	name          string
	secure, named bool // TLS; the server has a name
	proxy         bool
}

// awaitFirst waits for what has to be told before an interim response is.
func (h *heard) awaitFirst(e *tracedExchange) {
	if e.expect && e.body != nil {
		h.await(h.asked)
	} else {
		h.await(h.wrote)
	}
}

// tracedServer answers what an exchange says, once the request's sender has told the trace
// that it is out: else the order would be anybody's.
func tracedServer(e *tracedExchange, of func() *heard) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		for {
			head, ok := c.ReadHead()
			if !ok {
				return
			}
			h := of()
			if len(e.interim) > 0 {
				h.awaitFirst(e)
			}
			for _, code := range e.interim {
				c.Write(fmt.Sprintf("HTTP/1.1 %d Interim\r\n\r\n", code))
			}
			switch {
			case strings.Contains(head, "chunked"):
				c.ReadChunkedBody()
			case e.body != nil:
				b, _ := io.ReadAll(e.body())
				c.ReadBody(len(b))
			}
			h.await(h.wrote)
			if e.empty {
				c.Write("HTTP/1.1 204 No Content\r\n\r\n")
				continue
			}
			if strings.HasPrefix(head, "HEAD ") {
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
				continue
			}
			c.Write(okResponse)
		}
	}
}

// staticResolver knows one address for every name.
type staticResolver struct{}

func (staticResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// tracedTransport is an http.Transport as a Connector with cfg is.
func tracedTransport(t *testing.T, cfg *tls.Config, proxy *url.URL, http2 bool) *http.Transport {
	t.Helper()
	tr := &http.Transport{
		TLSClientConfig: cfg, DisableCompression: true, ExpectContinueTimeout: expectsForever, ForceAttemptHTTP2: http2,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp4", addr)
		},
	}
	if proxy != nil {
		tr.Proxy = http.ProxyURL(proxy)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

const expectsForever = 1 << 40

// hear makes two exchanges, and tells what the trace heard of each.
func hear(t *testing.T, rt http.RoundTripper, e *tracedExchange, to string, now func(*heard)) (all [2][]string) {
	t.Helper()
	for i := range all {
		h := newHeard(t)
		now(h)
		ctx := httptrace.WithClientTrace(t.Context(), h.trace())
		resp, err := rt.RoundTrip(e.request(t, ctx, to))
		if err != nil {
			t.Fatalf("%T: %v", rt, err)
		}
		read(t, resp)
		all[i] = h.events()
	}
	return all
}

func compareHeard(t *testing.T, got, want [2][]string) {
	t.Helper()
	for i, which := range []string{"new", "reused"} {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("%s:\ngot  %q,\nwant %q", which, got[i], want[i])
		}
	}
}

// A trace hears of an exchange of HTTP/1 what http.Transport would tell it, in the same
// order, whatever is below.
func TestTraceOrder(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for _, hop := range []tracedHop{
		{name: "plain"},
		{name: "plain, by name", named: true},
		{name: "TLS", secure: true},
		{name: "TLS, by name", secure: true, named: true},
		{name: "forwarded", proxy: true},
		{name: "tunnel", secure: true, proxy: true, named: true},
	} {
		for _, e := range tracedExchanges {
			t.Run(hop.name+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				traceHop(t, hop, &e, leaf)
			})
		}
	}
}

func traceHop(t *testing.T, hop tracedHop, e *tracedExchange, leaf *certs.Leaf) {
	t.Helper()
	var mu sync.Mutex
	var current *heard
	of := func() *heard { mu.Lock(); defer mu.Unlock(); return current }
	now := func(h *heard) { mu.Lock(); defer mu.Unlock(); current = h }
	script := tracedServer(e, of)
	srv := wiretest.New(t, script)
	if hop.secure {
		srv = wiretest.NewTLS(t, leaf.Server(), script)
	}
	to := srv.URL()
	if hop.named {
		to = strings.Replace(to, "127.0.0.1", "localhost", 1)
	}
	cfg := connector.Config{Family: "ip4", Resolver: staticResolver{}, ExpectContinueTimeout: -1, TLS: leaf.Client()}
	var proxy *url.URL
	switch {
	case hop.proxy && hop.secure:
		proxy = new(testProxy).start(t, "http", nil).url(nil)
	case hop.proxy:
		proxy = &url.URL{Scheme: "http", Host: srv.Addr()} // the server is one itself
		to = "http://origin.example/p"
	}
	if proxy != nil {
		cfg.Proxy = proxy.String()
	}
	want := hear(t, tracedTransport(t, leaf.Client(), proxy, false), e, to, now)
	compareHeard(t, hear(t, newConnector(t, cfg), e, to, now), want)
}

// The same for HTTP/2, where the sending and the answer are net/http's own.
func TestTraceOrderHTTP2(t *testing.T) {
	t.Parallel()
	for _, e := range tracedExchanges {
		if e.name == "103" {
			e.interim = e.interim[:1]
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var current *heard
			srv := newH2Server(t, h2Options{}, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				h := current
				mu.Unlock()
				if e.expect || len(e.interim) > 0 {
					h.awaitFirst(&e)
				}
				if len(e.interim) > 0 && e.interim[0] != http.StatusContinue { // which net/http says, as it reads
					w.WriteHeader(e.interim[0])
				}
				io.Copy(io.Discard, r.Body)
				h.await(h.wrote)
				if e.empty {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				io.WriteString(w, "ok")
			})
			now := func(h *heard) { mu.Lock(); defer mu.Unlock(); current = h }
			want := hear(t, tracedTransport(t, srv.client, nil, true), &e, srv.url, now)
			if e.close { // net/http may tell twice that it gets one
				want[1] = slices.Compact(want[1])
			}
			cfg := srv.config()
			cfg.ExpectContinueTimeout = -1
			compareHeard(t, hear(t, newConnector(t, cfg), &e, srv.url, now), want)
		})
	}
}

// A trace hears of what fails before there is a connection, and of nothing behind that.
func TestTraceOrderFailures(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	gone := wiretest.New(t, fine)
	gone.Close()
	secure := wiretest.NewTLS(t, leaf.Server(), fine)
	cut := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead() })
	silent := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Write("HTTP/1.1 200 OK\r\nConte") })
	for name, to := range map[string]string{
		"refused": gone.URL(), "not trusted": secure.URL(), "closed without an answer": cut.URL(), "closed in the head": silent.URL(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails := func(rt http.RoundTripper) []string {
				h := newHeard(t)
				resp, err := rt.RoundTrip(newRequest(t, httptrace.WithClientTrace(t.Context(), h.trace()), "GET", to, nil))
				if err == nil {
					t.Fatalf("%T: got %s", rt, read(t, resp))
				}
				return h.events()
			}
			want := fails(tracedTransport(t, nil, nil, false))
			if got := fails(newConnector(t, connector.Config{})); !slices.Equal(got, want) {
				t.Errorf("got  %q,\nwant %q", got, want)
			}
		})
	}
}

package connector_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// A different is one exchange that an http.Transport and a Connector make with the same
// server, twice each.
type different struct {
	name   string
	method string
	body   func(t *testing.T) io.ReadCloser // nil: none
	length int64
	change func(*http.Request)

	response string // what is answered
	early    bool   // before the body has come, and the body is not read
	refuses  bool   // before the body has come, which is read if it comes nevertheless
	closes   bool   // the server closes behind the response

	expects time.Duration // how long the body waits for "100 Continue"; 0: for ever

	// differs are the aspects that are to differ, each with its reason.
	differs aspects
}

// aspects of an exchange: wire, result, reuse, closes.
type aspects map[string]string

// outcome is what can be compared of two exchanges.
type outcome struct {
	wire   string // all that the server has read, on all connections
	result string // of the first: status, framing, body, or that it failed
	reuse  string // whether both were on one connection
	closes string // how often the first one's body was closed
}

func (o outcome) aspects() aspects {
	return aspects{"wire": o.wire, "result": o.result, "reuse": o.reuse, "closes": o.closes}
}

const diffOK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

// diffServer plays the part of the server, and returns what waits for the end of all
// connections, and gives what was read on them.
func diffServer(t *testing.T, d *different) (_ *wiretest.Server, read func(conns int) string) {
	t.Helper()
	var mu sync.Mutex
	var wire []string
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		var mine strings.Builder
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			wire = append(wire, mine.String())
		}()
		for {
			head, ok := c.ReadHead()
			mine.WriteString(head)
			if !ok {
				return
			}
			interim, response := cutInterim(d.response)
			if d.refuses {
				interim, response = response, ""
			}
			c.Write(interim)
			if !d.early {
				mine.WriteString(diffBody(c, head))
			}
			c.Write(response)
			if d.closes {
				c.CloseWrite()
				rest, _ := c.ReadBody(1 << 30)
				if d.early { // else it is a request that comes too late
					mine.WriteString(rest)
				}
				return
			}
		}
	})
	return srv, func(conns int) string {
		waitFor(t, "the end of all connections", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(wire) == conns
		})
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(wire)
		return strings.ReplaceAll(strings.Join(wire, ""), srv.Addr(), "ADDR")
	}
}

// cutInterim splits what is to come before the body off.
func cutInterim(response string) (interim, rest string) {
	if before, after, ok := strings.Cut(response, "|"); ok {
		return before, after
	}
	return "", response
}

// diffBody reads a body as the head frames it.
func diffBody(c *wiretest.Conn, head string) string {
	if strings.Contains(head, "Transfer-Encoding: chunked") {
		raw, _ := c.ReadChunked()
		return raw
	}
	_, after, ok := strings.Cut(head, "Content-Length: ")
	if !ok {
		return ""
	}
	var n int
	fmt.Sscan(after, &n)
	raw, _ := c.ReadBody(n)
	return raw
}

// countedBody hides what the body is, and counts.
type countedBody struct {
	io.ReadCloser
	n *atomic.Int32
}

func (b countedBody) Close() error {
	b.n.Add(1)
	return b.ReadCloser.Close()
}

// dialCounter counts connections that are made.
type dialCounter struct {
	n       atomic.Int32
	foreign bool // they are of a type that nobody knows
}

// foreignConn is a connection that cannot be looked at: while it is idle, somebody reads.
type foreignConn struct{ net.Conn }

func (d *dialCounter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	d.n.Add(1)
	if d.foreign {
		nc = foreignConn{nc}
	}
	return nc, nil
}

// runDifferent makes the exchanges.
func runDifferent(t *testing.T, d *different, rt http.RoundTripper, dials *dialCounter, end func()) (o outcome) {
	t.Helper()
	srv, wire := diffServer(t, d)
	var closes atomic.Int32
	for i := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		result := func() string {
			req, err := http.NewRequestWithContext(ctx, d.method, srv.URL()+"/p", nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.body != nil {
				req.Body = d.body(t)
				if _, plain := req.Body.(*os.File); i == 0 && req.Body != http.NoBody && !plain {
					req.Body = countedBody{req.Body, &closes}
				}
			}
			req.ContentLength = d.length
			if d.change != nil {
				d.change(req)
			}
			return resultOf(rt.RoundTrip(req))
		}()
		if ctx.Err() != nil {
			result += " (hangs)"
		}
		cancel()
		if i == 0 {
			o.result = result
		}
	}
	o.reuse = fmt.Sprint(dials.n.Load() == 1)
	end()
	o.wire = wire(int(dials.n.Load()))
	o.closes = fmt.Sprint(closes.Load())
	return o
}

func resultOf(resp *http.Response, err error) string {
	if err != nil {
		return "fails"
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.Status
	}
	b, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%s length %d encoding %v close %v %q trailer %v failed %v",
		resp.Status, resp.ContentLength, resp.TransferEncoding, resp.Close, b[:min(len(b), 40)], resp.Trailer, err != nil)
}

// The bodies.
func opaqueBody(s string) func(*testing.T) io.ReadCloser {
	return func(*testing.T) io.ReadCloser { return io.NopCloser(io.MultiReader(strings.NewReader(s))) }
}

func noBody(*testing.T) io.ReadCloser { return http.NoBody }

func fileBody(t *testing.T) io.ReadCloser {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "file-body")
	f.Seek(0, io.SeekStart)
	return f
}

func failingBody(*testing.T) io.ReadCloser {
	return io.NopCloser(io.MultiReader(strings.NewReader("abc"), readerFunc(func([]byte) (int, error) { return 0, os.ErrInvalid })))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// diffMethods are methods with bodies.
func diffMethods() (all []different) {
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO", ""} {
		response := diffOK
		if m == "HEAD" {
			response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
		}
		all = append(all,
			different{name: m + ", no body", method: m, response: response},
			different{name: m + ", NoBody", method: m, body: noBody, response: response},
			different{name: m + ", unknown length", method: m, body: opaqueBody("abc"), length: -1, response: response},
			different{name: m + ", a body of length 0", method: m, body: opaqueBody("abc"), response: response},
			different{name: m + ", empty", method: m, body: opaqueBody(""), length: -1, response: response},
			different{name: m + ", known length", method: m, body: opaqueBody("abc"), length: 3, response: response},
		)
	}
	return all
}

const (
	nilHeader = "a Header that is nil is an empty one"
	badHost   = "a Host that cannot be sent is an error, and not an empty one"
	tooLong   = "the request must not be complete before the body has ended"
	notWanted = "a body that was not asked for is not sent (RFC 9110 10.1.1), and the connection is closed"
	unasked   = "nobody has asked for another protocol (RFC 9110 7.8)"
	strict    = "no response of HTTP/1 has such a head"
	smuggling = "a body with two lengths may be another one's for somebody else (RFC 9112 6.3)"
	interims  = "there are at most 100 interim responses"
)

// diffRequests are requests that are unusual, or may not be sent at all.
func diffRequests() []different {
	change := func(name string, f func(*http.Request)) different {
		return different{name: name, method: "GET", change: f, response: diffOK}
	}
	post := func(name string, body func(*testing.T) io.ReadCloser, length int64, f func(*http.Request)) different {
		return different{name: name, method: "POST", body: body, length: length, change: f, response: diffOK}
	}
	return []different{
		post("a file", fileBody, 9, nil),
		post("a file of unknown length", fileBody, -1, nil),
		post("a trailer", opaqueBody("abc"), -1, func(r *http.Request) { r.Trailer = http.Header{"X-T": {"1"}} }),
		post("identity", opaqueBody("abc"), -1, func(r *http.Request) { r.TransferEncoding = []string{"identity"} }),
		post("chunked although the length is known", opaqueBody("abc"), 3, func(r *http.Request) { r.TransferEncoding = []string{"chunked"} }),
		post("large", opaqueBody(strings.Repeat("x", 100_000)), 100_000, nil),
		post("a bad trailer", opaqueBody("abc"), -1, func(r *http.Request) { r.Trailer = http.Header{"A\r\nEvil: 1": {"1"}} }),
		post("a length without a body", nil, 5, nil),
		change("closes", func(r *http.Request) { r.Close = true }),
		{
			name: "Connection: close", method: "GET", change: setHeader("Connection", "close"), response: diffOK,
			differs: aspects{"reuse": "no request follows one that says so (RFC 9112 9.6)"},
		},
		change("no User-Agent", setHeader("User-Agent", "")),
		change("User-Agent", setHeader("User-Agent", " a\tb ")),
		change("Host", func(r *http.Request) { r.Host = "b\u00fccher.example:80" }),
		change("Host with a zone", func(r *http.Request) { r.Host = "[fe80::1%25en0]:80" }),
		change("Opaque", func(r *http.Request) { r.URL.Opaque = "//x/%2f" }),
		change("RawPath", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b", "/a%2fb" }),
		change("no path", func(r *http.Request) { r.URL.Path = "" }),
		change("*", func(r *http.Request) { r.Method, r.URL.Path = "OPTIONS", "*" }),
		change("a query", func(r *http.Request) {
			r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, RawQuery: "a b", ForceQuery: true}
		}),
		change("a bad name", func(r *http.Request) { r.Header["a b"] = []string{"1"} }),
		change("a bad value", func(r *http.Request) { r.Header["X"] = []string{"1\r\nY: 2"} }),
		change("a bad method", func(r *http.Request) { r.Method = "G T" }),
		change("several values", func(r *http.Request) { r.Header["X-A"] = []string{"1", "2"} }),
		change("a large head", setHeader("X-Large", strings.Repeat("x", 100_000))),
		{
			name: "no header", method: "GET", change: func(r *http.Request) { r.Header = nil }, response: diffOK,
			differs: aspects{"wire": nilHeader, "result": nilHeader, "reuse": nilHeader},
		},
		{
			name: "bad Host", method: "GET", change: func(r *http.Request) { r.Host = "a b" }, response: diffOK,
			differs: aspects{"wire": badHost, "result": badHost, "reuse": badHost},
		},
	}
}

// diffFaults are bodies that are not what they say.
func diffFaults() []different {
	return []different{
		{name: "a body that is short", method: "POST", body: opaqueBody("abc"), length: 5, response: diffOK},
		{name: "a body that is long", method: "POST", body: opaqueBody("abcdef"), length: 3, differs: aspects{"wire": tooLong}},
		{name: "a body that fails", method: "POST", body: failingBody, length: -1, response: diffOK},
	}
}

// diffExpects are requests that ask first.
func diffExpects() (all []different) {
	for _, b := range []struct {
		name   string
		body   func(*testing.T) io.ReadCloser
		length int64
	}{{"known length", opaqueBody("abc"), 3}, {"unknown length", opaqueBody("abc"), -1}, {"no body", noBody, 0}} {
		expect := func(name, response string, d different) {
			d.name = "Expect, " + b.name + ", " + name
			d.method, d.body, d.length, d.response = "PUT", b.body, b.length, response
			d.change = setHeader("Expect", "100-continue")
			all = append(all, d)
		}
		expect("100", "HTTP/1.1 100 C\r\n\r\n|"+diffOK, different{})
		expect("silence", diffOK, different{expects: 20 * time.Millisecond})
		var refused aspects
		if b.length != 0 {
			refused = aspects{"wire": notWanted, "reuse": notWanted}
		}
		expect("417", "HTTP/1.1 417 E\r\nContent-Length: 0\r\n\r\n", different{early: b.length == 0, refuses: b.length != 0, differs: refused})
		expect("417 that closes", "HTTP/1.1 417 E\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", different{early: true, closes: true})
		expect("103 and 100", "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 100 C\r\n\r\n|"+diffOK, different{})
	}
	return all
}

// diffResponses are answers to a GET.
func diffResponses() (all []different) {
	add := func(response string, d different) {
		d.name, d.method, d.response = fmt.Sprintf("%.60q", response), "GET", response
		all = append(all, d)
	}
	for _, response := range []string{
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 204 N\r\n\r\n",
		"HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nhi\r\n0\r\nX: 1\r\n\r\n",
		"HTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + diffOK,
		strings.Repeat("HTTP/1.1 102 P\r\n\r\n", 50) + diffOK,
		"HTTP/1.1 408 T\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 6000) + "\r\nContent-Length: 2\r\n\r\nhi",
	} {
		add(response, different{})
	}
	for _, response := range []string{
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent",
		"",
		"garbage\r\n\r\n",
		"HTTP/1.1 99 X\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + strings.Repeat("x", 5000) + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nextra",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
	} {
		add(response, different{closes: true})
	}
	for response, reason := range map[string]string{
		"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi": strict,
		"HTTP/1.1 000 S\r\n\r\n":                         strict,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n": smuggling,
		"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n":                                    unasked,
		"HTTP/1.1 101 S\r\n\r\n":                               unasked,
		strings.Repeat("HTTP/1.1 102 P\r\n\r\n", 200) + diffOK: interims,
	} {
		add(response, different{closes: true, differs: aspects{"result": reason}})
	}
	return all
}

// A Connector and an http.Transport put the same bytes on the wire and make the same of
// the answer, but for what is to be otherwise.
func TestDifferential(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(diffMethods(), diffRequests(), diffFaults(), diffExpects(), diffResponses())
	if len(cases) < 120 {
		t.Errorf("%d exchanges", len(cases))
	}
	for _, d := range cases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			expects := d.expects
			if expects == 0 {
				expects = time.Minute
			}
			var theirs dialCounter
			tr := &http.Transport{DisableCompression: true, ExpectContinueTimeout: expects, DialContext: theirs.dial}
			want := runDifferent(t, &d, tr, &theirs, tr.CloseIdleConnections).aspects()
			for _, ours := range []*dialCounter{{}, {foreign: true}} {
				c := newConnector(t, connector.Config{ExpectContinueTimeout: expects, DialContext: ours.dial})
				got := runDifferent(t, &d, c, ours, func() { c.Close() }).aspects()
				compareAspects(t, &d, got, want)
			}
		})
	}
}

func compareAspects(t *testing.T, d *different, got, want aspects) {
	t.Helper()
	for aspect, w := range want {
		g, reason := got[aspect], d.differs[aspect]
		switch {
		case g != w && reason == "":
			t.Errorf("%s:\n got %.300q\nwant %.300q", aspect, g, w)
		case g == w && reason != "":
			t.Errorf("%s: the same, and should differ: %s: %.300q", aspect, reason, g)
		}
	}
}

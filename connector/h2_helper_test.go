package connector_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// h2Server is net/http's server, and what it knows of its connections.
type h2Server struct {
	*http.Server
	url    string
	client *tls.Config
	conns  atomic.Int32 // that it has accepted
	open   atomic.Int32
}

// h2Options say how the server differs from one of TLS with HTTP/2 and HTTP/1.1.
type h2Options struct {
	streams int  // on a connection, 0 for net/http's own 250
	h1      bool // no HTTP/2
	h2c     bool // HTTP/2 without TLS, and nothing else
	on      net.Listener
}

func newH2Server(t testing.TB, o h2Options, h http.HandlerFunc) *h2Server {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!o.h2c)
	protocols.SetHTTP2(!o.h1 && !o.h2c)
	protocols.SetUnencryptedHTTP2(o.h2c)
	s := &h2Server{client: leaf.Client()}
	s.client.ServerName = "localhost"
	s.Server = &http.Server{
		Handler: h, Protocols: protocols, TLSConfig: leaf.Server(), ErrorLog: log.New(discard{}, "", 0),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: o.streams},
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
				s.open.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.open.Add(-1)
			case http.StateActive, http.StateIdle: // neither opens nor closes one
			}
		},
	}
	ln := o.on
	if ln == nil {
		var err error
		if ln, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	s.url = "https://" + ln.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		if o.h2c {
			s.Serve(ln)
			return
		}
		s.ServeTLS(ln, "", "")
	})
	if o.h2c {
		s.url = "http://" + ln.Addr().String()
	}
	t.Cleanup(func() { s.Server.Close(); wg.Wait() })
	return s
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// config is one for the server.
func (s *h2Server) config() connector.Config { return connector.Config{TLS: s.client} }

// h2Memory is a server in memory, for bubbles, and a connector for it.
func h2Memory(t *testing.T, cfg connector.Config, h http.HandlerFunc) (*h2Server, *connector.Connector, *memnet.Network) {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("host:443")
	if err != nil {
		t.Fatal(err)
	}
	s := newH2Server(t, h2Options{on: ln}, h)
	cfg.TLS, cfg.DialContext = s.client, n.DialContext
	return s, newConnector(t, cfg), n
}

// proto answers with the protocol of the request.
func proto(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Proto)) }

// waitFor waits until ok, by looking; it is for what another side does in its own
// time.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("it never came: %s", what)
}

// frames is the server's side of a connection of HTTP/2, for scripts.
type frames struct {
	*http2.Framer
	c    *wiretest.Conn
	buf  bytes.Buffer
	enc  *hpack.Encoder
	body bool // the last request's is still to come
	meta *http2.MetaHeadersFrame
}

// h2Script is a server of TLS whose connections are scripts of frames. The
// settings are sent before the script begins.
func h2Script(t *testing.T, script func(f *frames), settings ...http2.Setting) (*wiretest.Server, connector.Config) {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	cfg := leaf.Server()
	cfg.NextProtos = []string{"h2"}
	srv := wiretest.NewTLS(t, cfg, func(c *wiretest.Conn) {
		if !readPreface(c) {
			return
		}
		f := newFrames(c)
		f.WriteSettings(settings...)
		script(f)
	})
	return srv, connector.Config{TLS: leaf.Client()}
}

// readPreface reads what a connection of HTTP/2 begins with (RFC 9113 3.4).
func readPreface(c *wiretest.Conn) bool {
	preface, ok := c.ReadBody(len(http2.ClientPreface))
	return ok && preface == http2.ClientPreface
}

func newFrames(c *wiretest.Conn) *frames {
	f := &frames{Framer: http2.NewFramer(c.NetConn(), c.NetConn()), c: c}
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.enc = hpack.NewEncoder(&f.buf)
	return f
}

// next returns the next frame that is of interest to scripts: settings and pings
// are acknowledged, windows left alone. It is nil when the client has gone.
func (f *frames) next() http2.Frame {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return nil
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if frame.IsAck() {
				return frame
			}
			f.WritePing(true, frame.Data)
		case *http2.WindowUpdateFrame:
		default:
			return frame
		}
	}
}

// request reads to the next request and returns its stream, or 0.
func (f *frames) request() uint32 {
	for {
		switch frame := f.next().(type) {
		case nil:
			return 0
		case *http2.MetaHeadersFrame:
			f.body, f.meta = !frame.StreamEnded(), frame
			return frame.StreamID
		}
	}
}

// whole reads the last request to its end.
func (f *frames) whole() {
	for f.body {
		switch frame := f.next().(type) {
		case nil:
			return
		case *http2.DataFrame:
			f.body = !frame.StreamEnded()
		}
	}
}

// readBody reads the last request to its end and gives its window back. It returns how many
// bytes came, and whether that was all.
func (f *frames) readBody() (n int, whole bool) {
	for f.body {
		switch frame := f.next().(type) {
		case nil:
			return n, false
		case *http2.RSTStreamFrame:
			return n, false
		case *http2.DataFrame:
			n += len(frame.Data())
			f.body = !frame.StreamEnded()
			if len(frame.Data()) > 0 {
				f.WriteWindowUpdate(0, uint32(len(frame.Data())))
				f.WriteWindowUpdate(frame.StreamID, uint32(len(frame.Data())))
			}
		}
	}
	return n, true
}

// head sends the head of a response with pairs of names and values.
func (f *frames) head(stream uint32, status int, end bool, pairs ...string) {
	f.headOf(stream, strconv.Itoa(status), end, pairs...)
}

// headOf is head with whatever status.
func (f *frames) headOf(stream uint32, status string, end bool, pairs ...string) {
	f.buf.Reset()
	f.enc.WriteField(hpack.HeaderField{Name: ":status", Value: status})
	for i := 0; i+1 < len(pairs); i += 2 {
		f.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: f.buf.Bytes(), EndStream: end, EndHeaders: true,
	})
}

// ok answers a request.
func (f *frames) ok(stream uint32) {
	f.head(stream, 200, false)
	f.WriteData(stream, true, []byte("ok"))
}

// fine answers every request until the client goes.
func (f *frames) fine() {
	for {
		id := f.request()
		if id == 0 {
			return
		}
		f.ok(id)
	}
}

// result is the outcome of one request of many.
type result struct {
	text string
	err  error
}

// fetch is get for a goroutine.
func fetch(ctx context.Context, rt http.RoundTripper, method, url string) result {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return result{err: err}
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return result{err: err}
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return result{b.String(), err}
}

// fetchAll sends n requests at the same time.
func fetchAll(ctx context.Context, rt http.RoundTripper, n int, url string) []result {
	results := make([]result, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = fetch(ctx, rt, "GET", url) })
	}
	wg.Wait()
	return results
}

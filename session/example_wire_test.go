package session_test

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/session"
)

// wireExample is a session on a network in memory with three servers:
// http://example.com, which answers with bytes of its own choice,
// https://example.com, whose certificate is for internal.example, and a proxy at
// proxy.example:3128.
func wireExample() (s *session.Session, leaf *certs.Leaf, stop func()) {
	network := memnet.New()
	leaf, err := certs.New(certs.Options{Names: []string{"internal.example"}})
	if err != nil {
		panic(err)
	}
	listen := func(addr string) net.Listener {
		ln, err := network.Listen(addr)
		if err != nil {
			panic(err)
		}
		return ln
	}
	raw := &http.Server{Handler: http.HandlerFunc(serveRaw)}
	go raw.Serve(listen("example.com:80"))
	secure := &http.Server{Handler: http.HandlerFunc(serveExample), ErrorLog: log.New(io.Discard, "", 0)}
	go secure.Serve(tls.NewListener(listen("example.com:443"), leaf.Server()))
	proxy := &http.Server{Handler: http.HandlerFunc(serveProxy)}
	go proxy.Serve(listen("proxy.example:3128"))
	conn, err := connector.New(connector.Config{DialContext: network.DialContext})
	if err != nil {
		panic(err)
	}
	s, err = session.New(session.Config{Connector: conn, OwnConnector: true})
	if err != nil {
		panic(err)
	}
	return s, leaf, func() {
		s.Close()
		raw.Close()
		secure.Close()
		proxy.Close()
	}
}

// serveRaw writes a head that net/http would write otherwise.
func serveRaw(w http.ResponseWriter, r *http.Request) {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintf(buf, "HTTP/1.1 200 Quite all right\r\nx-LOWER: 1\r\nX-lower: 2\r\n\r\n%s %s", r.Proto, r.URL)
	buf.Flush()
}

// serveProxy refuses tunnels, and tells what it was asked for.
func serveProxy(w http.ResponseWriter, r *http.Request) {
	user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
	if r.Method == http.MethodConnect {
		w.Header().Set("X-Seen", r.Header.Get("X-Team"))
		http.Error(w, "not for "+r.Header.Get("X-Team"), http.StatusForbidden)
		return
	}
	fmt.Fprintf(w, "proxy: %s for %s:%s", r.URL, user, password)
}

func ExampleTLS() {
	s, leaf, stop := wireExample()
	defer stop()
	private := &tls.Config{RootCAs: leaf.Pool, MinVersion: tls.VersionTLS13}
	_, err := s.Get(ctx, "https://example.com/user")
	fmt.Println(errors.Is(err, errors.ErrClientConnectorCertificate))
	_, err = s.Get(ctx, "https://example.com/user", session.TLS(private))
	fmt.Println(errors.Is(err, errors.ErrClientConnectorCertificate)) // another name
	show(s.Get(ctx, "https://example.com/user", session.TLS(private), session.ServerName("internal.example")))
	// Output:
	// true
	// true
	// {"name": "gopher", "age": 16}
}

func ExampleServerName() {
	fmt.Println(session.ServerName("internal.example"))
	// Output: ServerName("internal.example")
}

func ExampleInsecure() {
	s, _, stop := wireExample()
	defer stop()
	show(s.Get(ctx, "https://example.com/user", session.Insecure()))
	// Output: {"name": "gopher", "age": 16}
}

func ExampleFingerprint() {
	s, leaf, stop := wireExample()
	defer stop()
	digest := sha256.Sum256(leaf.DER)
	show(s.Get(ctx, "https://example.com/user", session.Fingerprint(digest[:])))
	_, err := s.Get(ctx, "https://example.com/user", session.Fingerprint(make([]byte, 32)))
	fmt.Println(errors.Is(err, errors.ErrServerFingerprintMismatch))
	_, err = s.Get(ctx, "https://example.com/user", session.Fingerprint(digest[:20])) // SHA-1
	fmt.Println(errors.Is(err, errors.ErrInvalidRequest))
	// Output:
	// {"name": "gopher", "age": 16}
	// true
	// true
}

func ExamplePin() {
	s, leaf, stop := wireExample()
	defer stop()
	digest := sha256.Sum256(leaf.DER)
	pin, err := connector.ParsePin(fmt.Sprintf("%x", digest))
	if err != nil {
		fmt.Println(err)
		return
	}
	show(s.Get(ctx, "https://example.com/user", session.Pin(pin)))
	_, err = s.Get(ctx, "https://example.com/user", session.Pin(pin.Verified())) // chain and name count too
	fmt.Println(errors.Is(err, errors.ErrClientConnectorCertificate))
	// Output:
	// {"name": "gopher", "age": 16}
	// true
}

func ExampleProxy() {
	s, _, stop := wireExample()
	defer stop()
	through := s.With(session.Proxy("http://user:password@proxy.example:3128"))
	show(through.Get(ctx, "http://example.com/page"))
	show(through.Get(ctx, "http://example.com/page", session.Proxy(""))) // directly
	fmt.Println(session.Proxy("http://user:password@proxy.example:3128"))
	// Output:
	// proxy: http://example.com/page for user:password
	// HTTP/1.1 /page
	// Proxy("http://***@proxy.example:3128")
}

func ExampleProxyAuth() {
	s, _, stop := wireExample()
	defer stop()
	show(s.Get(ctx, "http://example.com/", session.Proxy("http://proxy.example:3128"), session.ProxyAuth("me", "secret")))
	// Output: proxy: http://example.com/ for me:secret
}

func ExampleProxyHeader() {
	s, _, stop := wireExample()
	defer stop()
	_, err := s.Get(ctx, "https://example.com/", session.Proxy("http://proxy.example:3128"), session.ProxyHeader("X-Team", "blue"))
	refused, ok := errors.AsType[*errors.ClientHTTPProxyError](err)
	fmt.Println(ok && refused.Status == http.StatusForbidden, refused.Header.Get("X-Seen"))
	// Output: true blue
}

func ExampleRawHeaders() {
	s, _, stop := wireExample()
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/", session.RawHeaders())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	for _, h := range resp.RawHeaders() {
		fmt.Printf("%s=%s\n", h.Name, h.Value)
	}
	fmt.Println(resp.Header["X-Lower"])
	// Output:
	// x-LOWER=1
	// X-lower=2
	// [1 2]
}

func ExampleMaxLineSize() {
	s, _, stop := wireExample()
	defer stop()
	_, err := s.Get(ctx, "http://example.com/", session.MaxLineSize(20))
	fmt.Println(errors.Is(err, errors.ErrBadHTTPMessage))
	// Output: true
}

func ExampleMaxFieldSize() {
	s, _, stop := wireExample()
	defer stop()
	_, err := s.Get(ctx, "http://example.com/", session.MaxFieldSize(4))
	fmt.Println(errors.Is(err, errors.ErrBadHTTPMessage))
	// Output: true
}

func ExampleMaxHeaders() {
	s, _, stop := wireExample()
	defer stop()
	_, err := s.Get(ctx, "http://example.com/", session.MaxHeaders(1))
	fmt.Println(errors.Is(err, errors.ErrBadHTTPMessage))
	// Output: true
}

func ExampleReadUntilEOF() {
	s, _, stop := wireExample()
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/", session.ReadUntilEOF(false))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := resp.Text()
	fmt.Printf("%q %v\n", text, err)
	// Output: "" <nil>
}

func ExampleVersion() {
	s, _, stop := wireExample()
	defer stop()
	show(s.Get(ctx, "http://example.com/", session.Version(1, 0)))
	_, err := s.Get(ctx, "http://example.com/", session.Version(3, 0))
	fmt.Println(err)
	// Output:
	// HTTP/1.0 /
	// get http://example.com/: invalid Version: none of 1.0, 1.1 and 2.0
}

func ExampleReadBufferSize() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(ctx, "http://example.com/lines", session.ReadBufferSize(4))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	piece, err := resp.Content().ReadAny()
	fmt.Println(strings.TrimSpace(string(piece)), err)
	// Output: one <nil>
}

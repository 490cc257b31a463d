package session_test

import (
	"crypto/tls"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/session"
)

// wires are the ways of a request to a server.
var wires = []struct {
	name, url string
	protocols []string // of TLS; nil: no TLS
}{
	{"http", "http://example.com/", nil},
	{"https", "https://example.com/", []string{"http/1.1"}},
	{"h2", "https://example.com/", []string{"h2"}},
}

// onWires runs f in a bubble for each of the wires, against a server of handler.
func onWires(t *testing.T, cfg connector.Config, handler http.HandlerFunc, f func(t *testing.T, s *session.Session, url string)) {
	t.Helper()
	for _, wire := range wires {
		t.Run(wire.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := memnet.New()
				leaf := certs.For(t, certs.Options{Names: []string{"example.com"}}) // valid at the bubble's time
				srv := &http.Server{Handler: handler, TLSConfig: leaf.Server()}
				addr := "example.com:80"
				if wire.protocols != nil {
					addr = "example.com:443"
					srv.TLSConfig.NextProtos = wire.protocols
				}
				if wire.protocols != nil && wire.protocols[0] != "h2" {
					srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
				}
				ln, err := network.Listen(addr)
				if err != nil {
					t.Fatal(err)
				}
				if wire.protocols == nil {
					go srv.Serve(ln)
				} else {
					go srv.ServeTLS(ln, "", "")
				}
				defer srv.Close()
				cfg := cfg
				cfg.DialContext, cfg.TLS = network.DialContext, leaf.Client()
				conn, err := connector.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				s, err := session.New(session.Config{Connector: conn, OwnConnector: true})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				f(t, s, wire.url)
				synctest.Wait()
				if st := conn.Stats(); st.InUse != 0 || st.Waiting != 0 {
					t.Errorf("slots leaked: %+v", st)
				}
			})
		})
	}
}

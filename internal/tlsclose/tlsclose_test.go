package tlsclose_test

import (
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

// deafPeer is a connection of TLS whose peer has done the handshake, and reads nothing after it.
func deafPeer(t *testing.T) net.Conn {
	t.Helper()
	leaf := certs.For(t, certs.Options{Now: time.Now()})
	client, server := net.Pipe()
	config := leaf.Client()
	config.ServerName, config.Time = "localhost", time.Now
	tc := tls.Client(client, config)
	served := leaf.Server()
	served.MaxVersion = tls.VersionTLS12 // nothing is sent after the handshake
	done := make(chan error, 1)
	go func() { done <- tls.Server(server, served).Handshake() }()
	if err := tc.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return tc
}

// A peer that reads nothing holds neither of them up for the five seconds of crypto/tls.
func TestDeafPeer(t *testing.T) {
	for _, c := range []struct {
		name  string
		close func(net.Conn) error
		want  time.Duration
	}{
		{"Close", tlsclose.Close, tlsclose.Patience},
		{"Abort", tlsclose.Abort, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nc := deafPeer(t)
				start := time.Now()
				c.close(nc)
				if took := time.Since(start); took != c.want {
					t.Errorf("it took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// What has no layers is closed as it is, with its own error.
func TestPlain(t *testing.T) {
	for name, end := range map[string]func(net.Conn) error{"Close": tlsclose.Close, "Abort": tlsclose.Abort} {
		client, server := net.Pipe()
		defer server.Close()
		if err := end(client); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s has left it open", name)
		}
	}
}

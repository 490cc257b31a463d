package wiretest

import (
	"net"
	"testing"
)

// RefusedAddr returns an address, host:port, that refuses connections until the test ends.
// It is the near end of a connection that is kept: unlike the port of a listener that was
// closed, it cannot become somebody else's meanwhile.
func RefusedAddr(t testing.TB) string {
	t.Helper()
	ln := listenLoopback(t)
	defer ln.Close()
	nc, err := new(net.Dialer).DialContext(t.Context(), "tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		far.Close()
		nc.Close()
	})
	return nc.LocalAddr().String()
}

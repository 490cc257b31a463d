//go:build interop && linux

package fleet_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// slowProxy is a way to a server on which every answer takes a while longer.
type slowProxy struct {
	Addr  string
	delay atomic.Int64 // nanoseconds
}

func startSlowProxy(t *testing.T, to string) *slowProxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	p := &slowProxy{Addr: ln.Addr().String()}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, to)
		}
	}()
	return p
}

func (p *slowProxy) serve(conn net.Conn, to string) {
	defer conn.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(server, conn)
		server.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(p.delay.Load()))
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

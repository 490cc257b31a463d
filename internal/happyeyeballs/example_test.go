package happyeyeballs_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

func ExampleDialer_Dial() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	port := netip.MustParseAddrPort(ln.Addr().String()).Port()

	var nd net.Dialer
	d := &happyeyeballs.Dialer{
		Attempt: func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			if addr.Addr().Is6() {
				return nil, fmt.Errorf("dial %v: no IPv6 here", addr)
			}
			return nd.DialContext(ctx, "tcp", addr.String())
		},
	}
	nc, addr, err := d.Dial(context.Background(), []netip.AddrPort{
		netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), port),
		netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	fmt.Println(addr.Addr())
	// Output:
	// 127.0.0.1
}

func ExampleInterleave() {
	addrs := []netip.AddrPort{
		netip.MustParseAddrPort("[2001:db8::1]:443"),
		netip.MustParseAddrPort("[2001:db8::2]:443"),
		netip.MustParseAddrPort("192.0.2.1:443"),
	}
	fmt.Println(happyeyeballs.Interleave(addrs, 1))
	// Output:
	// [[2001:db8::1]:443 192.0.2.1:443 [2001:db8::2]:443]
}

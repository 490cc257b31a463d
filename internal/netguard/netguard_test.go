package netguard_test

import (
	"net/netip"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// addrs is a table of addresses and what they are for. Of each block there are
// the first and the last address, and the neighbours where those are of another
// kind.
type addrs []struct {
	addr string
	want netguard.Kind
}

func (table addrs) check(t *testing.T) {
	t.Helper()
	for _, tt := range table {
		addr := netip.MustParseAddr(tt.addr)
		if got := netguard.Classify(addr); got != tt.want {
			t.Errorf("Classify(%s): got %v, want %v", tt.addr, got, tt.want)
		}
		err := netguard.Public(addr)
		if tt.want == netguard.Global {
			if err != nil {
				t.Errorf("Public(%s): got %v, want nil", tt.addr, err)
			}
			continue
		}
		refused, ok := errors.AsType[*netguard.RefusedError](err)
		if !ok || refused.Addr != addr || refused.Kind != tt.want {
			t.Errorf("Public(%s): got %#v, want a RefusedError of it and %v", tt.addr, err, tt.want)
		}
	}
}

// The rows of the IANA IPv4 special-purpose address registry, and multicast.
func TestIPv4Registry(t *testing.T) {
	t.Parallel()
	addrs{
		{"0.0.0.0", netguard.Unspecified}, // RFC 1122: "this network"
		{"0.255.255.255", netguard.Unspecified},
		{"1.0.0.0", netguard.Global},
		{"9.255.255.255", netguard.Global},
		{"10.0.0.0", netguard.Private}, // RFC 1918
		{"10.255.255.255", netguard.Private},
		{"11.0.0.0", netguard.Global},
		{"100.63.255.255", netguard.Global},
		{"100.64.0.0", netguard.Shared}, // RFC 6598
		{"100.127.255.255", netguard.Shared},
		{"100.128.0.0", netguard.Global},
		{"126.255.255.255", netguard.Global},
		{"127.0.0.0", netguard.Loopback}, // RFC 1122
		{"127.0.0.1", netguard.Loopback},
		{"127.255.255.255", netguard.Loopback},
		{"128.0.0.0", netguard.Global},
		{"169.253.255.255", netguard.Global},
		{"169.254.0.0", netguard.LinkLocal}, // RFC 3927
		{"169.254.255.255", netguard.LinkLocal},
		{"169.255.0.0", netguard.Global},
		{"172.15.255.255", netguard.Global},
		{"172.16.0.0", netguard.Private}, // RFC 1918
		{"172.31.255.255", netguard.Private},
		{"172.32.0.0", netguard.Global},
		{"192.0.0.0", netguard.Reserved},  // RFC 6890
		{"192.0.0.7", netguard.Reserved},  // RFC 7335: DS-Lite
		{"192.0.0.8", netguard.Reserved},  // RFC 7600
		{"192.0.0.9", netguard.Reserved},  // RFC 7723; reachable, yet no web server
		{"192.0.0.10", netguard.Reserved}, // RFC 8155; likewise
		{"192.0.0.170", netguard.Reserved},
		{"192.0.0.255", netguard.Reserved},
		{"192.0.1.255", netguard.Global},
		{"192.0.2.0", netguard.Documentation}, // RFC 5737
		{"192.0.2.255", netguard.Documentation},
		{"192.0.3.0", netguard.Global},
		{"192.31.196.1", netguard.Global}, // RFC 7535: AS112
		{"192.52.193.1", netguard.Global}, // RFC 7450: AMT
		{"192.88.98.255", netguard.Global},
		{"192.88.99.0", netguard.Tunnelled}, // RFC 7526
		{"192.88.99.255", netguard.Tunnelled},
		{"192.88.100.0", netguard.Global},
		{"192.167.255.255", netguard.Global},
		{"192.168.0.0", netguard.Private}, // RFC 1918
		{"192.168.255.255", netguard.Private},
		{"192.169.0.0", netguard.Global},
		{"192.175.48.1", netguard.Global}, // RFC 7534: AS112
		{"198.17.255.255", netguard.Global},
		{"198.18.0.0", netguard.Benchmarking}, // RFC 2544
		{"198.19.255.255", netguard.Benchmarking},
		{"198.20.0.0", netguard.Global},
		{"198.51.99.255", netguard.Global},
		{"198.51.100.0", netguard.Documentation}, // RFC 5737
		{"198.51.100.255", netguard.Documentation},
		{"198.51.101.0", netguard.Global},
		{"203.0.112.255", netguard.Global},
		{"203.0.113.0", netguard.Documentation}, // RFC 5737
		{"203.0.113.255", netguard.Documentation},
		{"203.0.114.0", netguard.Global},
		{"223.255.255.255", netguard.Global},
		{"224.0.0.0", netguard.Multicast}, // RFC 5771
		{"239.255.255.255", netguard.Multicast},
		{"240.0.0.0", netguard.Reserved}, // RFC 1112
		{"255.255.255.254", netguard.Reserved},
		{"255.255.255.255", netguard.Broadcast}, // RFC 919
	}.check(t)
}

// The rows of the IANA IPv6 special-purpose address registry, and what is not
// assigned for global unicast.
func TestIPv6Registry(t *testing.T) {
	t.Parallel()
	addrs{
		{"::", netguard.Unspecified},       // RFC 4291
		{"::1", netguard.Loopback},         // RFC 4291
		{"64:ff9b:1::", netguard.Reserved}, // RFC 8215
		{"64:ff9b:1::808:808", netguard.Reserved},
		{"100::", netguard.Reserved},       // RFC 6666: discard
		{"100:0:0:1::", netguard.Reserved}, // RFC 9780: dummy
		{"1fff:ffff::", netguard.Reserved},
		{"2000::", netguard.Global},
		{"2001::", netguard.Tunnelled}, // RFC 4380: Teredo
		{"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Tunnelled},
		{"2001:1::1", netguard.Reserved}, // RFC 7723; reachable, yet no web server
		{"2001:1::2", netguard.Reserved}, // RFC 8155; likewise
		{"2001:1::3", netguard.Reserved}, // RFC 9665; likewise
		{"2001:2::", netguard.Benchmarking},
		{"2001:2:0:ffff:ffff:ffff:ffff:ffff", netguard.Benchmarking},
		{"2001:2:1::", netguard.Reserved},
		{"2001:3::1", netguard.Reserved},     // RFC 7450; likewise
		{"2001:4:112::1", netguard.Reserved}, // RFC 7535; likewise
		{"2001:10::1", netguard.Reserved},    // RFC 4843
		{"2001:20::1", netguard.Reserved},    // RFC 7343: hashes, not for routing
		{"2001:30::1", netguard.Reserved},    // RFC 9374: drones' tags
		{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Reserved},
		{"2001:200::", netguard.Global},
		{"2001:db7:ffff::", netguard.Global},
		{"2001:db8::", netguard.Documentation}, // RFC 3849
		{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Documentation},
		{"2001:db9::", netguard.Global},
		{"2001:4860:4860::8888", netguard.Global},
		{"2002::", netguard.Tunnelled}, // RFC 3056: 6to4
		{"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Tunnelled},
		{"2003::", netguard.Global},
		{"2620:4f:8000::1", netguard.Global}, // RFC 7534: AS112
		{"3ffe:ffff::", netguard.Global},
		{"3fff::", netguard.Documentation}, // RFC 9637
		{"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Documentation},
		{"3fff:1000::", netguard.Global},
		{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Global},
		{"4000::", netguard.Reserved},
		{"5f00::1", netguard.Reserved}, // RFC 9602: SRv6
		{"fbff::", netguard.Reserved},
		{"fc00::", netguard.Private}, // RFC 4193
		{"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Private},
		{"fe00::", netguard.Reserved},
		{"fe80::", netguard.LinkLocal}, // RFC 4291
		{"fe80::1%eth0", netguard.LinkLocal},
		{"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.LinkLocal},
		{"fec0::1", netguard.Private}, // RFC 3879
		{"ff00::", netguard.Multicast},
		{"ff02::1%eth0", netguard.Multicast},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", netguard.Multicast},
	}.check(t)
}

func TestMetadataServices(t *testing.T) {
	t.Parallel()
	addrs{
		{"169.254.169.253", netguard.LinkLocal},
		{"169.254.169.254", netguard.Metadata},
		{"169.254.170.2", netguard.Metadata},
		{"169.254.170.23", netguard.Metadata},
		{"100.100.100.200", netguard.Metadata},
		{"168.63.129.15", netguard.Global},
		{"168.63.129.16", netguard.Metadata},
		{"fd00:ec2::254", netguard.Metadata},
		{"fd00:ec2::23", netguard.Metadata},
		{"fd00:ec2::255", netguard.Private},
		{"fd20:ce::254", netguard.Metadata},
		{"fd00:42::42", netguard.Metadata},
		{"fd00:c1::a9fe:a9fe", netguard.Metadata},
	}.check(t)
}

// An IPv4 address within an IPv6 one is no way around.
func TestEmbeddedIPv4(t *testing.T) {
	t.Parallel()
	addrs{
		{"::ffff:127.0.0.1", netguard.Mapped},
		{"::ffff:8.8.8.8", netguard.Mapped},
		{"::ffff:169.254.169.254%eth0", netguard.Mapped},
		{"::127.0.0.1", netguard.Compatible},
		{"::8.8.8.8", netguard.Compatible},
		{"::2", netguard.Compatible},
		{"::ffff:0:127.0.0.1", netguard.Reserved}, // RFC 2765: translated
		{"64:ff9b::8.8.8.8", netguard.Global},
		{"64:ff9b::8.8.8.8%eth0", netguard.Global},
		{"64:ff9b::127.0.0.1", netguard.Translated},
		{"64:ff9b::10.0.0.1", netguard.Translated},
		{"64:ff9b::10.0.0.1%eth0", netguard.Translated},
		{"64:ff9b::169.254.169.254", netguard.Translated},
		{"64:ff9b::168.63.129.16", netguard.Translated},
		{"64:ff9b::1:808:808", netguard.Reserved}, // beyond the /96
		{"2002:7f00:1::", netguard.Tunnelled},     // 127.0.0.1
		{"2002:808:808::1", netguard.Tunnelled},   // 8.8.8.8
		{"2002:a00:1::1%eth0", netguard.Tunnelled},
		{"2001:0:808:808:8000:63bf:80ff:fffe", netguard.Tunnelled}, // client 127.0.0.1
	}.check(t)
}

// A zone does not take an address out of its block: a netip.Prefix contains no
// address with a zone.
func TestZone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"::1", "fc00::1", "2001:db8::1", "2001:4860:4860::8888", "4000::1"} {
		addr := netip.MustParseAddr(s)
		want := netguard.Classify(addr)
		if got := netguard.Classify(addr.WithZone("lo")); got != want {
			t.Errorf("%s with a zone: got %v, want %v", s, got, want)
		}
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	err := netguard.Public(netip.Addr{})
	refused, ok := errors.AsType[*netguard.RefusedError](err)
	if !ok || refused.Kind != netguard.Invalid {
		t.Errorf("Public of the zero address: got %v, want a RefusedError of kind invalid", err)
	}
}

func TestRefusedErrorClasses(t *testing.T) {
	t.Parallel()
	err := netguard.Public(netip.MustParseAddr("10.1.2.3"))
	for _, class := range []error{
		errors.ErrClientConnector, errors.ErrClientOS, errors.ErrClientConnection, errors.ErrClient,
	} {
		if !errors.Is(err, class) {
			t.Errorf("the error is no %q", class)
		}
	}
	for _, class := range []error{errors.ErrTimeout, errors.ErrClientConnectorDNS, errors.ErrInvalidRequest} {
		if errors.Is(err, class) {
			t.Errorf("the error is a %q", class)
		}
	}
}

func TestKindString(t *testing.T) {
	t.Parallel()
	seen := map[string]netguard.Kind{}
	for k := netguard.Invalid; k <= netguard.Tunnelled; k++ {
		name := k.String()
		if other, ok := seen[name]; ok || name == "" || name == "unknown" {
			t.Errorf("kind %d is called %q, and so is %d", k, name, other)
		}
		seen[name] = k
	}
	if got := (netguard.Tunnelled + 1).String(); got != "unknown" {
		t.Errorf("a kind that is none: got %q, want unknown", got)
	}
}

package netguard

import "net/netip"

// Kind is what an address is for.
type Kind uint8

// The kinds. All but Global are refused.
const (
	Invalid       Kind = iota // the zero netip.Addr
	Global                    // the public internet
	Unspecified               // 0.0.0.0/8, ::
	Loopback                  // RFC 1122 3.2.1.3, RFC 4291 2.5.3
	Private                   // RFC 1918, RFC 4193, site-local of RFC 3879
	Shared                    // carrier-grade NAT, RFC 6598
	LinkLocal                 // RFC 3927, RFC 4291 2.5.6
	Metadata                  // what tells cloud machines their secrets
	Multicast                 // RFC 5771, RFC 4291 2.7
	Broadcast                 // RFC 919
	Documentation             // RFC 5737, RFC 3849, RFC 9637
	Benchmarking              // RFC 2544, RFC 5180
	Reserved                  // what the IETF keeps, or has not assigned
	Mapped                    // IPv4 in IPv6, RFC 4291 2.5.5.2
	Compatible                // IPv4 in IPv6 of old, RFC 4291 2.5.5.1
	Translated                // NAT64 to an address that is not public, RFC 6052
	Tunnelled                 // 6to4 (RFC 3056, RFC 7526) and Teredo (RFC 4380)
)

// String is the kind in words.
func (k Kind) String() string {
	names := [...]string{
		Invalid: "invalid", Global: "public", Unspecified: "unspecified", Loopback: "loopback",
		Private: "private", Shared: "carrier-grade nat", LinkLocal: "link-local",
		Metadata: "cloud metadata", Multicast: "multicast", Broadcast: "broadcast",
		Documentation: "documentation", Benchmarking: "benchmarking", Reserved: "reserved",
		Mapped: "ipv4-mapped", Compatible: "ipv4-compatible", Translated: "nat64 to a refused address",
		Tunnelled: "6to4 or teredo",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// block is a range of addresses that are not public.
type block struct {
	prefix netip.Prefix
	kind   Kind
}

func blockOf(prefix string, kind Kind) block { return block{netip.MustParsePrefix(prefix), kind} }

// The blocks; the first that fits counts.
var (
	blocks4 = []block{
		blockOf("169.254.169.254/32", Metadata), // most clouds
		blockOf("169.254.170.2/32", Metadata),   // AWS ECS: credentials of tasks
		blockOf("169.254.170.23/32", Metadata),  // AWS EKS: credentials of pods
		blockOf("100.100.100.200/32", Metadata), // Alibaba
		blockOf("168.63.129.16/32", Metadata),   // Azure: in a public range
		blockOf("0.0.0.0/8", Unspecified),
		blockOf("10.0.0.0/8", Private),
		blockOf("100.64.0.0/10", Shared),
		blockOf("127.0.0.0/8", Loopback),
		blockOf("169.254.0.0/16", LinkLocal),
		blockOf("172.16.0.0/12", Private),
		blockOf("192.0.0.0/24", Reserved), // IETF protocol assignments
		blockOf("192.0.2.0/24", Documentation),
		blockOf("192.88.99.0/24", Tunnelled), // 6to4 relays
		blockOf("192.168.0.0/16", Private),
		blockOf("198.18.0.0/15", Benchmarking),
		blockOf("198.51.100.0/24", Documentation),
		blockOf("203.0.113.0/24", Documentation),
		blockOf("224.0.0.0/4", Multicast),
		blockOf("255.255.255.255/32", Broadcast),
		blockOf("240.0.0.0/4", Reserved),
	}
	blocks6 = []block{
		blockOf("fd00:ec2::254/128", Metadata),      // AWS
		blockOf("fd00:ec2::23/128", Metadata),       // AWS EKS
		blockOf("fd20:ce::254/128", Metadata),       // Google
		blockOf("fd00:42::42/128", Metadata),        // Scaleway
		blockOf("fd00:c1::a9fe:a9fe/128", Metadata), // Oracle
		blockOf("::/128", Unspecified),
		blockOf("::1/128", Loopback),
		blockOf("::ffff:0:0/96", Mapped),
		blockOf("::/96", Compatible),
		blockOf("fc00::/7", Private),
		blockOf("fec0::/10", Private),
		blockOf("fe80::/10", LinkLocal),
		blockOf("ff00::/8", Multicast),
		blockOf("2001::/32", Tunnelled),
		blockOf("2001:2::/48", Benchmarking),
		blockOf("2001:db8::/32", Documentation),
		blockOf("2001::/23", Reserved), // IETF protocol assignments
		blockOf("2002::/16", Tunnelled),
		blockOf("3fff::/20", Documentation),
	}
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	global6 = netip.MustParsePrefix("2000::/3")
)

// Classify tells what addr is for. A zone makes no difference. IPv4 in IPv6 is
// [Mapped] whatever it maps: unmap what comes from a resolver before.
func Classify(addr netip.Addr) Kind {
	switch {
	case !addr.IsValid():
		return Invalid
	case addr.Is4():
		return kindIn(blocks4, addr, Global)
	}
	addr = addr.WithZone("") // a prefix contains no address with a zone
	if nat64.Contains(addr) {
		bytes := addr.As16()
		if Classify(netip.AddrFrom4([4]byte(bytes[12:]))) != Global {
			return Translated
		}
		return Global
	}
	if global6.Contains(addr) {
		return kindIn(blocks6, addr, Global)
	}
	return kindIn(blocks6, addr, Reserved)
}

func kindIn(blocks []block, addr netip.Addr, otherwise Kind) Kind {
	for _, b := range blocks {
		if b.prefix.Contains(addr) {
			return b.kind
		}
	}
	return otherwise
}

package happyeyeballs

import "net/netip"

// Interleave returns the addresses with the families in turn: first n of the
// family of the first address (RFC 8305 section 4: First Address Family Count),
// then one of the other, one of the first, and so on. Within a family the order
// stays. IPv4 in IPv6 counts as IPv4. N below 1 is 1. The result is a new list.
// (aiohttp: interleave)
func Interleave(addrs []netip.AddrPort, n int) []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(addrs))
	if len(addrs) == 0 {
		return out
	}
	var first, second []netip.AddrPort
	for _, a := range addrs {
		if is4(a) == is4(addrs[0]) {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	lead := min(max(n, 1)-1, len(first))
	out = append(out, first[:lead]...)
	first = first[lead:]
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(second) {
			out = append(out, second[i])
		}
	}
	return out
}

func is4(a netip.AddrPort) bool { return a.Addr().Unmap().Is4() }

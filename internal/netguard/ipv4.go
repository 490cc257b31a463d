package netguard

import (
	"net/netip"
	"strings"
)

// CanonicalIPv4 tells whether host may be read as an IPv4 address, and whether it
// is written as one should be: four decimal numbers without leading zeros. What
// is numeric but not canonical, such as 2130706433, 017700000001, 127.1 and
// 0x7f.1, is to be refused: inet_aton and the URL Standard of WHATWG read it as an
// address, others as a name. So are numbers that fit no address: no host has such
// a name, as the last label of a name is never all digits (RFC 3696 2).
//
// Host is without port, in ASCII, and not percent-encoded. IPv6 addresses and
// names are not numeric.
func CanonicalIPv4(host string) (isNumeric, canonical bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Is4(), a.Is4()
	}
	// inet_aton of some systems stops at a space, and reads what is before.
	host = strings.TrimLeft(host, space)
	if i := strings.IndexAny(host, space); i >= 0 {
		host = host[:i]
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			continue // a trailing dot is no part of the address
		}
		if !isNumber(label) {
			return false, false
		}
		isNumeric = true
	}
	return isNumeric, false
}

const space = " \t\n\v\f\r"

// isNumber reports whether s is digits, or hexadecimal ones after 0x. There may be
// none after it: the URL Standard reads that as 0.
func isNumber(s string) bool {
	digits := "0123456789"
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
		digits = "0123456789abcdefABCDEF"
	}
	return strings.Trim(s, digits) == ""
}

package tunnel

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// maxHost is what the length byte of SOCKS can say (RFC 1928 5); names of the DNS
// are shorter.
const maxHost = 255

// splitTarget takes "host:port" apart. The host is an address, or a name in
// ASCII of the letters of RFC 3986's reg-name, without escapes.
func splitTarget(target string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(target)
	if err != nil {
		return "", 0, badTarget("is not host:port")
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 || text[0] == '+' {
		return "", 0, badTarget("has no port from 1 to 65535")
	}
	switch addr, err := netip.ParseAddr(host); {
	case err == nil && addr.Zone() != "":
		return "", 0, badTarget("has a zone, which means nothing to a proxy")
	case err == nil:
		return host, uint16(number), nil
	case host == "":
		return "", 0, badTarget("has no host")
	case len(host) > maxHost:
		return "", 0, badTarget("has a host longer than 255 bytes")
	case strings.IndexFunc(host, notName) >= 0:
		return "", 0, badTarget("has a character in its host that no name in ASCII has")
	}
	return host, uint16(number), nil
}

func notName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"#%/:<>?@[\]^{|}`+"`", r)
}

func badTarget(reason string) error {
	return &errors.InvalidRequestError{Field: "tunnel target", Reason: reason}
}

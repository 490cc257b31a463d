package httprule

import (
	"net"
	"strconv"
	"strings"
)

// SplitPlace reads "host", "host:port", "[::1]:port", "[::1]" or "::1", as people write
// where a server is. The port is "" where there is none, and else 1 to 65535. The host is
// as it stands, without brackets: see [Host].
func SplitPlace(text string) (host, port string, ok bool) {
	if strings.Count(text, ":") == 1 || strings.HasPrefix(text, "[") && !strings.HasSuffix(text, "]") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", "", false
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", false
		}
		return host, port, true
	}
	if inside, bracketed := strings.CutPrefix(text, "["); bracketed {
		host = strings.TrimSuffix(inside, "]")
		return host, "", strings.Contains(host, ":")
	}
	return text, "", true
}

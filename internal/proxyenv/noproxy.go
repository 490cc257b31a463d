package proxyenv

import (
	"strings"
	"unicode"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// noProxyList brings the value of no_proxy into the form that the matcher knows, with
// commas only: entries may be parted by white space, too, as in curl; the brackets of an
// IPv6 address need no port behind them; dots at the end and case mean nothing; a name in
// Unicode is the one that it has in DNS.
func noProxyList(value string) string {
	entries := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	for i, entry := range entries {
		entries[i] = noProxyEntry(strings.ToLower(entry))
	}
	return strings.Join(entries, ",")
}

// noProxyEntry is one entry of the list: an address, a prefix, or a name, the first and
// the last with or without a port.
func noProxyEntry(entry string) string {
	if inside, ok := strings.CutPrefix(entry, "["); ok {
		addr, rest, closed := strings.Cut(inside, "]")
		switch {
		case !closed:
			return entry // no address, and no name either
		case rest == "" || rest == ":":
			return addr
		case rest[0] == '/':
			return addr + rest // [2001:db8::]/32
		}
		return entry
	}
	if strings.Count(entry, ":") > 1 || strings.Contains(entry, "/") {
		return entry // an address of IPv6, a prefix
	}
	name, port, hasPort := strings.Cut(entry, ":")
	name = dnsName(strings.TrimRight(name, "."))
	if hasPort && port != "" {
		return name + ":" + port
	}
	return name
}

// dnsName is a name in ASCII. What no name can be stays, and matches nothing.
func dnsName(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return name
	}
	bare := strings.TrimLeft(name, "*.")
	if ascii, ok := httprule.Host(bare); ok {
		return name[:len(name)-len(bare)] + ascii
	}
	return name
}

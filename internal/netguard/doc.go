// Package netguard tells addresses of the public internet from all others, for
// clients that fetch URLs which strangers give them and must not be led into the
// network that they run in (server-side request forgery, CWE-918).
//
// [Public] is asked for each address that a name resolves to, right before it is
// connected to. [CanonicalIPv4] is asked for the host of a URL before it is
// resolved: some resolvers read 2130706433 and 0x7f.1 as 127.0.0.1.
//
// # What is refused
//
// All that the IANA special-purpose registries (RFC 6890, RFC 8190) do not call
// globally reachable, and in IPv6 all outside 2000::/3, which is what is assigned
// for global unicast (RFC 4291 2.4). Stricter than the registries: 192.0.0.0/24
// and 2001::/23 are refused whole, as the few anycast services there are not web
// servers; so are the addresses of cloud metadata services that lie in a public
// range, and all of 6to4 and Teredo, since they lead to an IPv4 address that is
// not looked at on the way. A NAT64 address (RFC 6052) is judged by the IPv4
// address in it; other translation prefixes than 64:ff9b::/96 cannot be known.
package netguard

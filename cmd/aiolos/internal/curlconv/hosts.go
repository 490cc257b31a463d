package curlconv

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// hostRule is one --connect-to: an empty host or port on the left is each, and on the
// right the one that was asked for.
type hostRule struct{ fromHost, fromPort, toHost, toPort string }

// covers reports whether each connection of the other one is one of this one.
func (r hostRule) covers(other hostRule) bool {
	return (r.fromHost == "" || strings.EqualFold(r.fromHost, other.fromHost)) && (r.fromPort == "" || r.fromPort == other.fromPort)
}

// key and value are the entry of the map.
func (r hostRule) key() string { return joinHostPort(orAny(r.fromHost), r.fromPort) }

func (r hostRule) value() string { return joinHostPort(r.toHost, r.toPort) }

// Hosts makes of --connect-to and --resolve what the library's connector has for both.
// As with curl, the first --connect-to that fits counts, and what it leads to is looked
// up in --resolve.
func Hosts(connectTo, resolve []string) (map[string]string, error) {
	addresses := map[string]string{}
	for _, text := range resolve {
		key, addr, err := parseResolve(text)
		if err != nil {
			return nil, fmt.Errorf("--resolve %s: %w", text, err)
		}
		addresses[key] = addr // the last one counts
	}
	hosts := maps.Clone(addresses)
	var rules []hostRule
	for _, text := range connectTo {
		rule, err := parseConnectTo(text)
		if err != nil {
			return nil, fmt.Errorf("--connect-to %s: %w", text, err)
		}
		rules = addRule(rules, rule)
	}
	maps.DeleteFunc(hosts, func(key, _ string) bool { return leadsElsewhere(rules, key) })
	for _, rule := range rules {
		hosts[rule.key()] = rule.value()
		if addr, ok := findAddress(addresses, rule.toHost, rule.portTo()); ok {
			hosts[rule.key()] = joinHostPort(addr, rule.toPort)
		}
	}
	for _, rule := range rules {
		if rule.portTo() == "" {
			addPorts(hosts, addresses, rule)
		}
	}
	return hosts, nil
}

// leadsElsewhere reports whether a connection goes by a rule of --connect-to, so that what
// --resolve has for it is not asked for.
func leadsElsewhere(rules []hostRule, key string) bool {
	host, port, err := net.SplitHostPort(key)
	return err == nil && slices.ContainsFunc(rules, func(r hostRule) bool { return r.covers(hostRule{fromHost: host, fromPort: port}) })
}

// findAddress finds what --resolve has for a host and a port.
func findAddress(addresses map[string]string, host, port string) (addr string, ok bool) {
	if addr, ok = addresses[joinHostPort(strings.ToLower(host), port)]; !ok {
		addr, ok = addresses[joinHostPort("*", port)]
	}
	return addr, ok && port != ""
}

// addPorts adds entries for the ports of a rule for each port, for which --resolve has an
// address of the host that the rule leads to.
func addPorts(hosts, addresses map[string]string, rule hostRule) {
	for key := range addresses {
		_, port, err := net.SplitHostPort(key)
		addr, ok := findAddress(addresses, rule.toHost, port)
		from := joinHostPort(orAny(rule.fromHost), port)
		if _, taken := hosts[from]; err == nil && ok && !taken {
			hosts[from] = addr
		}
	}
}

// portTo is the port that the rule leads to, as far as it says.
func (r hostRule) portTo() string {
	if r.toPort == "" {
		return r.fromPort
	}
	return r.toPort
}

// addRule adds a rule unless an earlier one has all that it is for. What an earlier one
// has of it (each host on a port, before this host on each) stays that one's.
func addRule(rules []hostRule, rule hostRule) []hostRule {
	for _, earlier := range rules {
		if earlier.covers(rule) {
			return rules
		}
	}
	for _, earlier := range rules {
		if earlier.fromHost == "" && earlier.fromPort != "" && rule.fromHost != "" && rule.fromPort == "" {
			both := earlier
			both.fromHost = rule.fromHost
			rules = append(rules, both)
		}
	}
	return append(rules, rule)
}

// parseConnectTo reads HOST1:PORT1:HOST2:PORT2, of which each may be empty.
func parseConnectTo(text string) (hostRule, error) {
	var parts [4]string
	rest := text
	for i := range parts {
		word, more, found := cutAddress(rest)
		if found != (i < len(parts)-1) {
			return hostRule{}, errors.New("is not HOST1:PORT1:HOST2:PORT2")
		}
		parts[i], rest = word, more
	}
	r := hostRule{parts[0], parts[1], parts[2], parts[3]}
	if r.toHost == "" {
		if r.toHost = r.fromHost; r.toHost == "" {
			return hostRule{}, errors.New("names no host to connect to")
		}
	}
	return r, nil
}

// parseResolve reads HOST:PORT:ADDRESS. The host may be *.
func parseResolve(text string) (key, addr string, err error) {
	host, rest, ok := cutAddress(strings.TrimPrefix(text, "+"))
	port, addr, found := strings.Cut(rest, ":")
	addr = strings.Trim(addr, "[]")
	switch {
	case !ok || !found || host == "" || port == "":
		return "", "", errors.New("is not HOST:PORT:ADDRESS")
	case strings.Contains(addr, ","):
		return "", "", errors.New("has several addresses: give one")
	case net.ParseIP(addr) == nil:
		return "", "", errors.New("has no IP address at its end")
	}
	return joinHostPort(strings.ToLower(host), port), addr, nil
}

// cutAddress takes the first word in front of a colon; an address of IPv6 is in
// brackets, which go.
func cutAddress(s string) (word, rest string, found bool) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if word, rest, ok = strings.Cut(inner, "]"); ok {
			if rest, found = strings.CutPrefix(rest, ":"); found || rest == "" {
				return word, rest, found
			}
		}
	}
	return strings.Cut(s, ":")
}

// joinHostPort is the host alone if there is no port.
func joinHostPort(host, port string) string {
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

func orAny(host string) string {
	if host == "" {
		return "*"
	}
	return host
}

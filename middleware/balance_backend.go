package middleware

import (
	"cmp"
	"hash/fnv"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// Backend is one of the servers behind the host of a [BalanceConfig].
type Backend struct {
	// Addr is where it is: "host" with the port of the request's URL, "host:port", or an
	// address, of IPv6 in brackets if there is a port. It is also its name: what is known
	// of a backend stays as long as its Addr is in the list.
	Addr string
	// Weight is its share beside others. 0 and negative are 1; above ten million is that.
	Weight int
	// Priority is when it is used at all: while none of a lower one is in service.
	Priority int
	// Host is the Host header of the requests that it gets. Empty is that of the request,
	// or Addr with [BalanceConfig].BackendNames.
	Host string
	// ServerName is what TLS asks it for, and what its certificate has to be for. Empty
	// is the host of the request's URL, or that of Addr with BackendNames. The TLS policy
	// of a request, or a tls.Config, that has a name of its own is stronger.
	ServerName string
}

// maxWeight bounds the weights, so that no sum of them overflows.
const maxWeight = 10_000_000

// member is a backend with what is known of it. What is below hash, and the
// backend, is under the Balancer's lock.
type member struct {
	backend Backend
	name    string // the address as a text that all ways to write it share
	place   place
	hash    uint64 // of name
	state   breaker
	current int64      // where it stands in the round: see takeTurn
	rank    memberRank // for the request that is being sent

	underWay     int
	sent, failed int64
}

// place is a host and a port, which may be empty: that of the URL.
type place struct{ host, port string }

// at is the place as a URL has it, for a request to u.
func (p place) at(u *url.URL) string {
	port := p.port
	if port == "" {
		port = u.Port()
	}
	host := p.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// parsePlace reads where a server is.
func parsePlace(text string) (p place, ok bool) {
	if p.host, p.port, ok = httprule.SplitPlace(text); !ok {
		return place{}, false
	}
	if numeric, canonical := netguard.CanonicalIPv4(p.host); numeric && !canonical {
		return place{}, false
	}
	p.host, ok = httprule.Host(p.host)
	return p, ok
}

// parseBackends makes members of a list, by priority. Of several with the same address
// the first one counts.
func parseBackends(backends []Backend) ([]*member, error) {
	members := make([]*member, 0, len(backends))
	seen := make(map[string]bool, len(backends))
	for _, backend := range backends {
		p, ok := parsePlace(backend.Addr)
		if ok && backend.ServerName != "" {
			_, ok = httprule.Host(backend.ServerName)
		}
		if !ok {
			return nil, &errors.InvalidRequestError{Field: "balance", Reason: "the backend " + strconv.QuoteToASCII(backend.Addr) + " is not of the form host, host:port or [IPv6]:port, or has no name for TLS"}
		}
		backend.Weight = min(max(backend.Weight, 1), maxWeight)
		m := &member{backend: backend, place: p, name: p.at(&url.URL{})}
		if seen[m.name] {
			continue
		}
		seen[m.name] = true
		m.hash = hashText(m.name)
		members = append(members, m)
	}
	slices.SortStableFunc(members, func(a, b *member) int { return cmp.Compare(a.backend.Priority, b.backend.Priority) })
	return members, nil
}

// hashText is the same in every process.
func hashText(text string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, text) // a hash takes all
	return h.Sum64()
}

// parseLogicalHost reads the form of [BalanceConfig.Host].
func parseLogicalHost(text string) (logicalHost, error) {
	bad := &errors.InvalidRequestError{Field: "balance", Reason: "the host " + strconv.QuoteToASCII(text) + " is not of the form host, host:port or scheme://host"}
	if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return logicalHost{}, bad
		}
		if o := httprule.OriginOf(u); o.Port != "" {
			return logicalHost(o), nil
		}
		return logicalHost{}, bad
	}
	p, ok := parsePlace(text)
	if !ok {
		return logicalHost{}, bad
	}
	return logicalHost{Host: p.host, Port: p.port}, nil
}

func (l logicalHost) matches(u *url.URL) bool {
	if u == nil || l.Host == "" {
		return false
	}
	o := httprule.OriginOf(u)
	return strings.TrimSuffix(o.Host, ".") == strings.TrimSuffix(l.Host, ".") &&
		(l.Port == "" || l.Port == o.Port) && (l.Scheme == "" || l.Scheme == o.Scheme)
}

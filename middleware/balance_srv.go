package middleware

import (
	"context"
	"net" //nolint:depguard // what DNS says, and no connections
	"net/url"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// SRVResolver looks SRV records up. [*net.Resolver] is one. Service and proto are "", and
// name is the whole name; what it finds is used if there is anything, beside an error too.
type SRVResolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
}

func defaultSRVResolver() SRVResolver { return net.DefaultResolver }

func (b *Balancer) fetchSRV(ctx context.Context) ([]Backend, error) {
	_, records, err := b.cfg.Resolver.LookupSRV(ctx, "", "", b.cfg.SRV)
	if len(records) > 0 {
		return backendsOfSRV(records), nil
	}
	if err == nil {
		err = errors.New("no SRV records")
	}
	return nil, err
}

// backendsOfSRV reads records. A single one for the root is a service that is not there
// (RFC 2782).
func backendsOfSRV(records []*net.SRV) []Backend {
	backends := make([]Backend, 0, len(records))
	for _, r := range records {
		host := strings.TrimSuffix(r.Target, ".")
		if host == "" {
			continue
		}
		backends = append(backends, Backend{
			Addr: place{host, strconv.Itoa(int(r.Port))}.at(&url.URL{}), Weight: max(int(r.Weight)*100, 1), Priority: int(r.Priority),
		})
	}
	return backends
}

func isDNSError(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

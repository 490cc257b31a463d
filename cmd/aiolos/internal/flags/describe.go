package flags

import (
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// DescribeTo adds what the flags say beyond the defaults.
func (n *Network) DescribeTo(r *curlconv.Request) {
	if total := time.Duration(n.Total); total != session.DefaultTotal {
		r.Timeout = total
	}
	r.Connect, r.Silence = time.Duration(n.Connect), time.Duration(n.Read)
	r.Retry, r.Limit, r.PerHost = n.Retry, n.Limit, n.PerHost
	if n.Kind != Bearer { // which is a header
		r.Login, r.Digest = n.Login(), n.Kind == Digest
	}
	r.Cert, r.Key, r.CACert, r.ConnectTo, r.Resolve = n.Cert, n.Key, n.CACert, n.ConnectTo, n.Resolve
	r.Unix, r.Insecure = n.Unix, n.Insecure
	r.TrustEnv, r.NoNetrc = n.Unix == "" && n.Proxy == "", n.NoNetrc
	r.Sensitive = n.SensitiveHeaders()
	switch n.Proxy {
	case NoProxy:
		r.NoProxy = true
	default:
		r.Proxy = n.Proxy
	}
	if !n.Pin.IsZero() {
		r.Pin = n.Pin.String()
	}
	switch {
	case n.HTTP1:
		r.Version = "1.1"
	case n.HTTP2:
		r.Version, r.OnlyHTTP2 = "2", true
	}
}

// Unseen returns the proxy whose presence shows in the bytes of a request, and the
// flags that do not show there. Through a tunnel, and SOCKS is one, the bytes are
// those without a proxy.
func (n *Network) Unseen(url string) (proxy string, unseen []string) {
	given := n.Proxy != "" && n.Proxy != NoProxy
	if given && strings.HasPrefix(url, "http:") && !strings.HasPrefix(n.Proxy, "socks") {
		_, host, ok := strings.Cut(n.Proxy, "://")
		if !ok {
			host = n.Proxy
		}
		proxy = "http://" + host
	}
	for _, f := range []struct {
		is   bool
		name string
	}{
		{given && proxy == "", "--proxy"},
		{n.Unix != "", "--unix"},
		{n.Insecure, "--insecure"},
		{n.Cert != "", "--cert"},
		{n.CACert != "", "--cacert"},
		{len(n.ConnectTo) > 0, "--connect-to"},
		{len(n.Resolve) > 0, "--resolve"},
		{n.Kind == Digest, "--auth-type"},
		{!n.Pin.IsZero(), "--pin"},
		{n.HTTP2, "--http2"},
		{n.KeyLog, "--keylog"},
		{n.Retry > 0, "--retry"},
		{n.Limit > 0, "--limit"},
		{n.PerHost > 0, "--per-host"},
		{time.Duration(n.Total) != session.DefaultTotal && n.Total != 0, "--timeout"},
		{n.Connect != 0, "--connect-timeout"},
		{n.Read != 0, "--read-timeout"},
	} {
		if f.is {
			unseen = append(unseen, f.name)
		}
	}
	return proxy, unseen
}

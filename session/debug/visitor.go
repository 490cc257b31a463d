package debug

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// A page that only this machine reaches is reached by every browser on it, and so by
// whatever pages are open there. What keeps them from reading is that they are of another
// origin; they must neither make it theirs nor have this one work for them:
//
//	a name of theirs, which they point here ──► Host is neither ours nor an address ──► 403
//	a fetch, an image, a script of theirs   ──► Sec-Fetch-Site: cross-site ───────────► 403
//	a link that somebody follows            ──► Sec-Fetch-Mode: navigate ─────────────► the page

// parseHosts brings names into the form of httprule.Host.
func parseHosts(names []string) (map[string]bool, error) {
	hosts := make(map[string]bool, len(names))
	for _, name := range names {
		host, ok := httprule.Host(name)
		if !ok {
			return nil, &errors.InvalidRequestError{Field: "Hosts", Reason: "want names without a port"}
		}
		hosts[host] = true
	}
	return hosts, nil
}

// refusal is why a request does not get the page; "": it does.
func (h *Handler) refusal(req *http.Request) string {
	if req.Header.Get("Sec-Fetch-Site") == "cross-site" && req.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return "this page is not for those of other sites"
	}
	if addr, _ := req.Context().Value(http.LocalAddrContextKey).(interface{ Network() string }); addr == nil || strings.HasPrefix(addr.Network(), "unix") {
		return "" // no browser comes this way
	}
	if !h.isOurs(req.Host) {
		return "this page has another name: add that of the request to debug.Config.Hosts"
	}
	return ""
}

// isOurs reports whether a Host header is what only the page itself can have; "": it is no
// browser's.
func (h *Handler) isOurs(hostport string) bool {
	if hostport == "" {
		return true
	}
	name, _, ok := httprule.SplitPlace(hostport)
	if !ok {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	host, ok := httprule.Host(name)
	return ok && (host == "localhost" || strings.HasSuffix(host, ".localhost") || h.hosts[host])
}

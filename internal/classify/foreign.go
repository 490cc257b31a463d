package classify

import (
	"net"
	"net/http"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// ForeignFailure gives an error of somebody else's RoundTripper, be it a mock's or
// net/http's own, the class that it would have if the connector had met it. What does
// not look like a failure of the network is returned as it is.
func ForeignFailure(err error, req *http.Request) error {
	switch {
	case err == nil || classified(err) || req.URL == nil:
		return err
	case isConnect(err):
		port, _ := strconv.Atoi(httprule.Port(req.URL)) // 0 is unknown
		return ConnectFailure(err, Endpoint{Host: req.URL.Hostname(), Port: port, TLS: req.URL.Scheme == "https"})
	case isDisconnect(err):
		return HeadFailure(err, Exchange{Host: req.URL.Host, Info: RequestInfo(req)})
	}
	return err
}

// isConnect reports whether err is about a name, an address or a handshake.
func isConnect(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return isType[*net.DNSError](err) || isCertificate(err) || isTLS(err)
}

package bench

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
)

// Class names what an error is, in few words.
func Class(err error) string {
	for _, c := range []struct {
		class error
		name  string
	}{
		{errors.ErrConnectionTimeout, "timeout connecting"},
		{errors.ErrSocketTimeout, "timeout reading"},
		{errors.ErrTimeout, "timeout"},
		{context.DeadlineExceeded, "timeout"},
		{errors.ErrClientConnectorDNS, "name not found"},
		{errors.ErrClientSSL, "TLS"},
		{errors.ErrClientConnector, "no connection"},
		{errors.ErrServerDisconnected, "cut"},
		{errors.ErrClientPayload, "incomplete body"},
		{errors.ErrClientConnection, "connection lost"},
		{errors.ErrBadHTTPMessage, "not HTTP"},
	} {
		if errors.Is(err, c.class) {
			return c.name
		}
	}
	return "other"
}

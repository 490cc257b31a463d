package bench

import (
	"context"

	aioerrors "github.com/aiolos-http/aiolos/errors"
)

// Class names what an error is, in few words.
func Class(err error) string {
	for _, c := range []struct {
		class error
		name  string
	}{
		{aioerrors.ErrConnectionTimeout, "timeout connecting"},
		{aioerrors.ErrSocketTimeout, "timeout reading"},
		{aioerrors.ErrTimeout, "timeout"},
		{context.DeadlineExceeded, "timeout"},
		{aioerrors.ErrClientConnectorDNS, "name not found"},
		{aioerrors.ErrClientSSL, "TLS"},
		{aioerrors.ErrClientConnector, "no connection"},
		{aioerrors.ErrServerDisconnected, "cut"},
		{aioerrors.ErrClientPayload, "incomplete body"},
		{aioerrors.ErrClientConnection, "connection lost"},
		{aioerrors.ErrBadHTTPMessage, "not HTTP"},
	} {
		if aioerrors.Is(err, c.class) {
			return c.name
		}
	}
	return "other"
}

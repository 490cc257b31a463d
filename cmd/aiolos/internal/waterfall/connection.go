package waterfall

import (
	"github.com/aiolos-http/aiolos/session"
)

// DescribeConnection tells of the connection of an exchange.
func DescribeConnection(t session.Timing) string {
	kind := "new connection"
	if t.Reused {
		kind = "kept connection"
	}
	if t.Remote != "" {
		kind += ", " + t.Remote
	}
	return kind
}

package exchange

import (
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Job is a request that is ready to be sent, or to be printed.
type Job struct {
	Method, URL string
	Options     []session.Option
	Request     *syntax.Request // what --print=B shows
	// asked is the request as a curl command has it; nil means that the rest
	// tells.
	Asked *curlconv.Request
}

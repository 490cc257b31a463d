package exchange

import (
	"strings"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// HeaderOptions are the options for headers and credentials.
func HeaderOptions(r *curlconv.Request) []session.Option {
	var options []session.Option
	for _, h := range r.OwnHeaders() {
		options = append(options, session.AddHeader(h.Name, h.Value))
	}
	if login, password, ok := strings.Cut(r.Login, ":"); ok && !r.Digest {
		options = append(options, session.BasicAuth(login, password))
	}
	return options
}

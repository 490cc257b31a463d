package exchange

import (
	"strings"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
)

// HeaderOptions are the options for headers and credentials.
func HeaderOptions(r *curlconv.Request) []session.Option {
	var options []session.Option
	for _, h := range r.Headers {
		switch {
		case len(r.Parts) > 0 && strings.EqualFold(h.Name, "Content-Type"):
		case h.Unset, r.Compressed && strings.EqualFold(h.Name, "Accept-Encoding"):
		default:
			options = append(options, session.AddHeader(h.Name, h.Value))
		}
	}
	if login, password, ok := strings.Cut(r.Login, ":"); ok && !r.Digest {
		options = append(options, session.BasicAuth(login, password))
	}
	return options
}

// SkipOption leaves out the headers that the command leaves out, and those that
// curl does not send by itself.
func SkipOption(r *curlconv.Request) session.Option {
	names := gosrc.Skipped(r)
	return session.SkipHeader(names...)
}

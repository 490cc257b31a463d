package curlconv

import "github.com/aiolos-http/aiolos/session/curl"

// Redact returns a copy without what gives access, as [curl.Command.Redact] does, the
// proxy included. Changed reports whether something was hidden.
func (r *Request) Redact() (plain *Request, changed bool) {
	c := *r
	cmd, changed := r.command().Redact()
	c.URL, c.Headers, c.Login, c.Body, c.Parts = cmd.URL, cmd.Headers, cmd.Login, cmd.Body, cmd.Parts
	c.Proxy = curl.RedactURL(r.Proxy)
	return &c, changed || c.Proxy != r.Proxy
}

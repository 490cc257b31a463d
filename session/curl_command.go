package session

import (
	"net/http"

	"github.com/aiolos-http/aiolos/session/curl"
)

// CurlCommand returns a curl command that sends a request, for a person to copy into a
// shell: quoted for sh, bash, zsh and fish, and without its secrets, which stand as ***.
// The request is not changed and can still be sent. It is what the request says: what a
// session or a Transport adds on the way is in it where it is called for a request that
// has been made, as [http.Response] has it and as a middleware gets it. The errors are
// those of [curl.FromRequest] and [curl.Command.Text], which keep the secrets.
func CurlCommand(req *http.Request) (string, error) {
	c, err := curl.FromRequest(req)
	if err != nil {
		return "", err
	}
	c, _ = c.Redact()
	return c.Text()
}

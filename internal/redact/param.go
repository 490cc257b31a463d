package redact

import (
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// SecretParam reports whether the values of a query parameter, or of a field of a form,
// are secret by their name.
func SecretParam(name string) bool { return errors.SensitiveHeader(strings.ReplaceAll(name, "_", "-")) }

// Params hides the values of url-encoded parameters whose names say that they are secret.
func Params(query string) string {
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, ok := strings.Cut(param, "=")
		plain, err := url.QueryUnescape(name)
		if ok && value != "" && (err != nil || SecretParam(plain)) {
			params[i] = name + "=" + Hidden
		}
	}
	return strings.Join(params, "&")
}

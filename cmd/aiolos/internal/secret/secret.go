// Package secret knows by their names which headers and parameters are not for
// everybody's eyes, and stay with the server that they were given for.
package secret

import (
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// Header reports whether the values of a header are secret: those that the library
// hides, and all keys. Those of CORS only talk about credentials, and the key of a
// request that must not be done twice opens nothing.
func Header(name string) bool {
	name = strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "access-control-"), name == "idempotency-key", strings.HasPrefix(name, "sec-websocket-"):
		return false
	}
	return errors.SensitiveHeader(name) || strings.HasSuffix(name, "-key")
}

// Param reports whether the values of a parameter or a field of a form are secret.
func Param(name string) bool {
	return errors.SensitiveHeader(strings.ReplaceAll(name, "_", "-"))
}

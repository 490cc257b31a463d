// Package secret knows by their names which headers and parameters are not for
// everybody's eyes, and stay with the server that they were given for.
package secret

import (
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/curl"
)

// Hidden stands in the place of a secret, here as in what the library writes.
const Hidden = "***"

// Header reports whether the values of a header are secret: those that the library
// hides.
func Header(name string) bool { return aioerrors.SensitiveHeader(name) }

// Param reports whether the values of a parameter or a field of a form are secret.
func Param(name string) bool { return curl.SecretParam(name) }

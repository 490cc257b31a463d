package download

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/session"
)

// Name chooses the name of a file: from the Content-Disposition header, else
// from the path of the URL, else from the number of the URL on the command
// line. The result is one element of a path, is not hidden, and is a name on
// every system.
func Name(disposition string, u *url.URL, index int) string {
	if cd, err := session.ParseContentDisposition(disposition); err == nil {
		if name := cd.SafeName(); name != "" {
			return name
		}
	}
	return nameOfURL(u, index)
}

// NameOfURL is [Name] without a response.
func NameOfURL(raw string, index int) string {
	u, err := session.ParseURL(raw)
	if err != nil {
		u = nil
	}
	return nameOfURL(u, index)
}

// nameOfURL chooses a name without a response.
func nameOfURL(u *url.URL, index int) string {
	if u != nil {
		if name := session.SafeFileName(strings.TrimRight(u.Path, "/")); name != "" {
			return name
		}
	}
	return fmt.Sprintf("download-%d", index)
}

package httprule

import (
	"net/http"
	"strings"
)

// StatusText is the text of a response's status line, or the usual one of its status
// if that line has none.
func StatusText(resp *http.Response) string {
	_, text, ok := strings.Cut(resp.Status, " ")
	if !ok {
		return http.StatusText(resp.StatusCode)
	}
	return text
}

package debug

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// The formats of what is shown.
const (
	formatJSON = "json"
	formatHTML = "html"
)

// ServeHTTP shows how the session stands: GET and HEAD, as HTML or as JSON. Who asks while
// others do, or right after, waits for a moment, and gets what all of these get: looking
// costs a tenth of one processor at most, or, where that takes long, one look in two seconds.
// Pages of others in somebody's browser get 403: see [Config].Hosts.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Vary", "Accept")
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if reason := h.refusal(req); reason != "" {
		http.Error(w, reason, http.StatusForbidden)
		return
	}
	format := formatHTML
	if wantsJSON(req) {
		format = formatJSON
	}
	page, err := h.see(req.Context(), format)
	switch {
	case req.Context().Err() != nil:
		return // who has gone away needs no page
	case err != nil: // numbers of the Config's that are not JSON
		http.Error(w, "the state cannot be written: "+errors.RedactError(err), http.StatusInternalServerError)
		return
	case format == formatJSON:
		header.Set("Content-Type", "application/json")
	default:
		header.Set("Content-Type", "text/html; charset=utf-8")
		// The page needs its own style and nothing else.
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	}
	_, _ = w.Write(page) // likewise
}

// write looks at the session and writes what it sees.
func (h *Handler) write(format string) ([]byte, error) {
	state := h.State()
	var page bytes.Buffer
	if format == formatHTML {
		err := writePage(&page, &state)
		return page.Bytes(), err
	}
	enc := json.NewEncoder(&page)
	enc.SetIndent("", "  ")
	err := enc.Encode(state)
	return page.Bytes(), err
}

// wantsJSON reports whether the client asks for JSON, and not for HTML.
func wantsJSON(req *http.Request) bool {
	if format := req.URL.Query().Get("format"); format != "" {
		return format == "json"
	}
	wants := false
	for _, line := range req.Header.Values("Accept") {
		for kind := range strings.SplitSeq(line, ",") {
			switch media, _, _ := mime.ParseMediaType(kind); media {
			case "text/html":
				return false
			case "application/json":
				wants = true
			}
		}
	}
	return wants
}

package debug

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// ServeHTTP shows how the session stands: GET and HEAD, as HTML or as JSON.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "Accept")
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	state := h.State()
	var page bytes.Buffer
	var err error
	if wantsJSON(req) {
		header.Set("Content-Type", "application/json")
		enc := json.NewEncoder(&page)
		enc.SetIndent("", "  ")
		err = enc.Encode(state)
	} else {
		header.Set("Content-Type", "text/html; charset=utf-8")
		// The page needs its own style and nothing else.
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		err = writePage(&page, &state)
	}
	if err != nil { // numbers of the Config's that are not JSON
		header.Set("Content-Type", "text/plain; charset=utf-8")
		http.Error(w, "the state cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(page.Bytes()) // who has gone away needs no page
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

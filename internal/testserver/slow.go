package testserver

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

func delay(w http.ResponseWriter, r *http.Request) {
	d, ok := wait(w, "delay", r.PathValue("time"))
	if !ok {
		return
	}
	seen, ok := look(w, r) // before the wait, which sees the client go only then
	if ok && pause(r, d) {
		writeJSON(w, http.StatusOK, seen)
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, "n", cmp.Or(r.FormValue("n"), "10"), 1, 1<<20)
	if !ok {
		return
	}
	duration, ok := wait(w, "duration", cmp.Or(r.FormValue("duration"), "2s"))
	if !ok {
		return
	}
	first, ok := wait(w, "delay", cmp.Or(r.FormValue("delay"), "0s"))
	if !ok || !pause(r, first) {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	for i := range n {
		if i > 0 && !pause(r, duration/time.Duration(n-1)) {
			return
		}
		if !flush(w, []byte("*")) {
			return
		}
	}
}

func stream(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, "lines", r.PathValue("n"), 0, 1<<20)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	for i := range n {
		line, err := json.Marshal(map[string]any{"id": i, "url": r.RequestURI})
		if err != nil || !flush(w, append(line, '\n')) {
			return
		}
	}
}

// flush writes p and sends it. It is false if the client has gone.
func flush(w http.ResponseWriter, p []byte) bool {
	if _, err := w.Write(p); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}

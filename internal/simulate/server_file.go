package simulate

import (
	"fmt"
	"net/http"
	"strings"
)

// file answers for a file: whole, or from where the client goes on, with what is odd
// about that.
func (s *server) file(h http.Header, id *identity, answer Answer, req *http.Request) (http.Header, []byte) {
	body := id.body() // that of the version, whatever the status
	tag := fmt.Sprintf(`"v%d"`, id.Version)
	h.Set("Etag", tag)
	h.Set("Accept-Ranges", "bytes")
	var first int
	if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &first); n != 1 || first == 0 {
		return h, body
	}
	fits := req.Header.Get("If-Range") == tag
	if !fits && answer.Quirk == "" || answer.Quirk == "416" && fits {
		return h, body
	}
	if answer.Quirk == "416" || first >= len(body) {
		id.Status = http.StatusRequestedRangeNotSatisfiable
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(body)))
		if answer.Quirk == "416" { // as long as what the client has, and another version
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", first))
		}
		return h, nil
	}
	id.Status = http.StatusPartialContent
	last, total, rest := len(body)-1, fmt.Sprint(len(body)), body[first:]
	switch answer.Quirk {
	case "ignores-if-range":
		h.Del("Etag")
	case "star":
		total = "*"
	case "short":
		total = "*"
		last = first + (last-first)/2
		rest = body[first : last+1]
	case "more":
		total = "*"
		rest = append([]byte(nil), rest...)
		rest = append(rest, strings.Repeat("more", 20)...)
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", first, last, total))
	return h, rest
}

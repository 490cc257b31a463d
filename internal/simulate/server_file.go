package simulate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// excess are bytes of no file.
var excess = []byte(strings.Repeat("more", 20))

// fileFraming is how the body of a file is framed. That of a whole one is never ended by
// the connection's end alone, which nobody could tell from a cut; that of a part may be:
// then its range is all that says where it ends.
func (a *Answer) fileFraming(status int) string {
	switch part := status == http.StatusPartialContent; {
	case part && a.Quirk == "star":
		return "close"
	case !part && a.Framing == "close":
		return "length"
	}
	return a.Framing
}

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
		rest = slices.Concat(rest, excess)
	case "beyond": // the range ends before the file, the body goes on with something else
		total = "*"
		last = first + (last-first)/2
		rest = slices.Concat(body[first:last+1], excess)
	case "less-star":
		total = "*"
		fallthrough
	case "less": // the body ends in good order, and before the range
		rest = rest[:len(rest)*answer.At/1000]
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", first, last, total))
	return h, rest
}

//go:build interop

package compare_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
)

// normalise takes out of a request what must differ: the port of the server, the
// name of the client, random keys, and the work of a compressor.
func (s *seen) normalise(port string) {
	s.line = strings.ReplaceAll(s.line, ":"+port, ":PORT")
	coding := strings.Join(s.get("Content-Encoding"), ", ")
	plain, coded := decode(coding, s.body)
	if coded {
		s.body = plain
	}
	for i := range s.fields {
		f := &s.fields[i]
		f.value = strings.ReplaceAll(f.value, ":"+port, ":PORT")
		switch name := strings.ToLower(f.name); {
		case name == "user-agent" && isOwnAgent(f.value):
			f.value = "(the client's own)"
		case name == "sec-websocket-key":
			f.value = "(random)"
		case name == "content-length" && coded:
			f.value = "(what the compressor made)"
		}
	}
}

func isOwnAgent(value string) bool {
	return strings.HasPrefix(value, "aiolos/") || strings.HasPrefix(value, "Python/") && strings.Contains(value, " aiohttp/")
}

// decode undoes a coding. A body that does not have it stays as it is.
func decode(coding, body string) (string, bool) {
	var r io.Reader
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(strings.NewReader(body))
	case "deflate":
		r, err = zlib.NewReader(strings.NewReader(body)) // RFC 9110 8.4.1.2: in zlib's frame
	default:
		return "", false
	}
	if err != nil {
		return "", false
	}
	plain, err := io.ReadAll(r)
	return string(plain), err == nil
}

// compareParts compares two multipart bodies part by part. It is false if they
// are not both multipart bodies with as many parts.
func compareParts(what string, theirs, ours *seen) ([]difference, bool) {
	a, ok := partsOf(theirs)
	if !ok {
		return nil, false
	}
	b, ok := partsOf(ours)
	if !ok || len(a) != len(b) {
		return nil, false
	}
	var d []difference
	for i := range a {
		label := what + " " + strconv.Itoa(i+1)
		d = append(d, compareFields(label+" header", a[i].fields, b[i].fields)...)
		if inner, ok := compareParts(label+"."+what, a[i], b[i]); ok {
			d = append(d, inner...)
			continue
		}
		d = append(d, compareText(label+" content", a[i].body, b[i].body)...)
	}
	return d, true
}

func partsOf(s *seen) ([]*seen, bool) {
	mediaType, params, err := mime.ParseMediaType(strings.Join(s.get("Content-Type"), ""))
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
		return nil, false
	}
	r := multipart.NewReader(strings.NewReader(s.body), params["boundary"])
	var parts []*seen
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(p); err != nil {
			return nil, false
		}
		part := &seen{body: body.String()}
		for name, values := range p.Header {
			for _, v := range values {
				part.fields = append(part.fields, field{name, v})
			}
		}
		slices.SortFunc(part.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
		parts = append(parts, part)
	}
	return parts, len(parts) > 0
}

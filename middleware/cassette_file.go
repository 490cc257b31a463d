package middleware

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
)

// A cassette is a text of lines that begin with a mark:
//
//	# a comment
//	> METHOD URL          a request, whose other lines have the same mark
//	> Name: value
//	~ url SHA-256         what it is matched by
//	~ body SHA-256
//	< PROTO STATUS TEXT   its response
//	< Name: value
//	| a line of its body  as text; lines are joined by line feeds
//	= a line of its body  in base64
const (
	cassetteTitle = "# aiolos cassette 1"
	cassetteWidth = 76
)

// cassetteWrite is the text of a cassette.
func cassetteWrite(tracks []*cassetteTrack) []byte {
	var b bytes.Buffer
	b.WriteString(cassetteTitle + "\n")
	for _, track := range tracks {
		fmt.Fprintf(&b, "\n> %s %s\n", track.method, cassetteLine(track.url))
		cassetteHeader(&b, ">", track.header)
		fmt.Fprintf(&b, "~ url %s\n", track.sum)
		if track.bodySum != "" {
			fmt.Fprintf(&b, "~ body %s\n", track.bodySum)
		}
		fmt.Fprintf(&b, "< %s %d %s\n", cassetteLine(track.proto), track.status, cassetteLine(track.statusText))
		cassetteHeader(&b, "<", track.response)
		cassetteBody(&b, track.body)
	}
	return b.Bytes()
}

func cassetteHeader(b *bytes.Buffer, mark string, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			fmt.Fprintf(b, "%s %s: %s\n", mark, cassetteLine(name), cassetteLine(value))
		}
	}
}

// cassetteLine makes one line of what a foreign transport may have put in.
func cassetteLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, s)
}

func cassetteBody(b *bytes.Buffer, body []byte) {
	if len(body) == 0 {
		return
	}
	if cassetteIsText(body) {
		for line := range strings.SplitSeq(string(body), "\n") {
			b.WriteString("| " + line + "\n")
		}
		return
	}
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > 0 {
		n := min(len(text), cassetteWidth)
		b.WriteString("= " + text[:n] + "\n")
		text = text[n:]
	}
}

// cassetteIsText reports whether a body survives an editor: tools change
// carriage returns and what is no UTF-8.
func cassetteIsText(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7F || r == '\uFEFF'
	})
}

// cassetteReader reads a cassette line by line.
type cassetteReader struct {
	tracks  []*cassetteTrack
	track   *cassetteTrack // the one that is being read
	part    byte           // the mark of the line before
	text    []string       // of its body
	encoded strings.Builder
}

// cassetteRead reads the text of a cassette, which anybody may have edited.
func cassetteRead(text []byte) ([]*cassetteTrack, error) {
	r := &cassetteReader{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if number == 1 {
			if line != cassetteTitle {
				return nil, cassetteFault(number, "does not begin with "+strconv.Quote(cassetteTitle))
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if fault := r.line(line); fault != "" {
			return nil, cassetteFault(number, fault)
		}
	}
	if fault := r.finish(); fault != "" || number == 0 {
		return nil, cassetteFault(number, fault)
	}
	return r.tracks, nil
}

func cassetteFault(line int, reason string) error {
	if reason == "" {
		reason = "is empty"
	}
	return &errors.InvalidRequestError{Field: "cassette", Reason: fmt.Sprintf("line %d: %s", line, reason)}
}

// line reads one line, and returns what is wrong with it.
func (r *cassetteReader) line(line string) (fault string) {
	mark, rest := line[0], strings.TrimPrefix(line[1:], " ")
	before := r.part
	r.part = mark
	if mark == '>' && before != '>' {
		if fault := r.finish(); fault != "" {
			return fault
		}
		r.part = mark
		return r.request(rest)
	}
	if r.track == nil {
		return "there is no request above it"
	}
	switch mark {
	case '>':
		return cassetteField(r.track.header, rest)
	case '~':
		return r.match(rest)
	case '<':
		if before != '<' {
			return r.status(rest)
		}
		return cassetteField(r.track.response, rest)
	case '|', '=':
		if r.track.status == 0 {
			return "a body without a response"
		}
		if mark == '|' {
			r.text = append(r.text, rest)
		} else {
			r.encoded.WriteString(strings.TrimSpace(rest))
		}
		return ""
	}
	return "unknown mark"
}

func (r *cassetteReader) request(line string) string {
	method, url, ok := strings.Cut(line, " ")
	if !ok || method == "" || url == "" {
		return "a request is a method and a url"
	}
	r.track = &cassetteTrack{method: method, url: url, header: http.Header{}, response: http.Header{}}
	return ""
}

func (r *cassetteReader) match(line string) string {
	what, sum, _ := strings.Cut(line, " ")
	switch {
	case r.track.status != 0:
		return "a match below a response"
	case what == "url":
		r.track.sum = sum
	case what == "body":
		r.track.bodySum = sum
	default:
		return "unknown match"
	}
	return ""
}

func (r *cassetteReader) status(line string) string {
	if r.track.status != 0 {
		return "a second response"
	}
	proto, rest, _ := strings.Cut(line, " ")
	code, text, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if _, _, ok := http.ParseHTTPVersion(proto); !ok || err != nil || status < http.StatusOK || status > 999 {
		return "a response is a protocol, a status and a text"
	}
	r.track.proto, r.track.status, r.track.statusText = proto, status, text
	return ""
}

func cassetteField(h http.Header, line string) string {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return "a field is a name and a value"
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	h[name] = append(h[name], strings.TrimSpace(value))
	return ""
}

// finish ends the exchange that is being read.
func (r *cassetteReader) finish() string {
	if r.track == nil {
		return ""
	}
	switch {
	case r.track.status == 0:
		return "a request without a response"
	case r.text != nil && r.encoded.Len() > 0:
		return "a body in text and in base64"
	case r.track.sum == "":
		return "a request without ~ url"
	}
	r.track.body = []byte(strings.Join(r.text, "\n"))
	if r.encoded.Len() > 0 {
		body, err := base64.StdEncoding.DecodeString(r.encoded.String())
		if err != nil {
			return "a body that is no base64"
		}
		r.track.body = body
	}
	r.tracks = append(r.tracks, r.track)
	*r = cassetteReader{tracks: r.tracks}
	return ""
}

package cassette

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
//	+ Name: value         a trailer of the response
const (
	title       = "# aiolos cassette 1"
	base64Width = 76
)

// formatFile is the text of a cassette.
func formatFile(exchanges []*exchange) []byte {
	var b bytes.Buffer
	b.WriteString(title + "\n")
	for _, x := range exchanges {
		fmt.Fprintf(&b, "\n> %s %s\n", x.method, joinLines(x.url))
		writeHeader(&b, ">", x.header)
		fmt.Fprintf(&b, "~ url %s\n", x.sum)
		if x.bodySum != "" {
			fmt.Fprintf(&b, "~ body %s\n", x.bodySum)
		}
		fmt.Fprintf(&b, "< %s %d %s\n", joinLines(x.proto), x.status, joinLines(x.statusText))
		writeHeader(&b, "<", x.response)
		writeBody(&b, x.body)
		writeHeader(&b, "+", x.trailer)
	}
	return b.Bytes()
}

func writeHeader(b *bytes.Buffer, mark string, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			fmt.Fprintf(b, "%s %s: %s\n", mark, joinLines(name), joinLines(value))
		}
	}
}

// joinLines makes one line of what a foreign transport may have put in.
func joinLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, s)
}

func writeBody(b *bytes.Buffer, body []byte) {
	if len(body) == 0 {
		return
	}
	if isText(body) {
		for line := range strings.SplitSeq(string(body), "\n") {
			b.WriteString("| " + line + "\n")
		}
		return
	}
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > 0 {
		n := min(len(text), base64Width)
		b.WriteString("= " + text[:n] + "\n")
		text = text[n:]
	}
}

// isText reports whether a body survives an editor: tools change
// carriage returns and what is no UTF-8.
func isText(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7F || r == '\uFEFF'
	})
}

// parser reads a cassette line by line.
type parser struct {
	exchanges []*exchange
	current   *exchange // the one that is being read
	part      byte      // the mark of the line before
	text      []string  // of its body
	encoded   strings.Builder
}

// parseFile reads the text of a cassette, which anybody may have edited.
func parseFile(text []byte) ([]*exchange, error) {
	r := &parser{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if number == 1 {
			if line != title {
				return nil, lineError(number, "does not begin with "+strconv.Quote(title))
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if fault := r.parseLine(line); fault != "" {
			return nil, lineError(number, fault)
		}
	}
	if fault := r.finishExchange(); fault != "" || number == 0 {
		return nil, lineError(number, fault)
	}
	return r.exchanges, nil
}

func lineError(line int, reason string) error {
	if reason == "" {
		reason = "is empty"
	}
	return &errors.InvalidRequestError{Field: "cassette", Reason: fmt.Sprintf("line %d: %s", line, reason)}
}

// parseLine reads one line, and returns what is wrong with it.
func (r *parser) parseLine(line string) (fault string) {
	mark, rest := line[0], strings.TrimPrefix(line[1:], " ")
	before := r.part
	r.part = mark
	if mark == '>' && before != '>' {
		if fault := r.finishExchange(); fault != "" {
			return fault
		}
		r.part = mark
		return r.beginRequest(rest)
	}
	if r.current == nil {
		return "there is no request above it"
	}
	switch mark {
	case '>':
		return parseField(r.current.header, rest)
	case '~':
		return r.parseMatch(rest)
	case '<':
		if before != '<' {
			return r.parseStatus(rest)
		}
		return parseField(r.current.response, rest)
	case '+':
		if r.current.status == 0 {
			return "a trailer without a response"
		}
		if r.current.trailer == nil {
			r.current.trailer = http.Header{}
		}
		return parseField(r.current.trailer, rest)
	case '|', '=':
		if r.current.status == 0 {
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

func (r *parser) beginRequest(line string) string {
	method, url, ok := strings.Cut(line, " ")
	if !ok || method == "" || url == "" {
		return "a request is a method and a url"
	}
	r.current = &exchange{method: method, url: url, header: http.Header{}, response: http.Header{}}
	return ""
}

func (r *parser) parseMatch(line string) string {
	what, sum, _ := strings.Cut(line, " ")
	sum = strings.TrimSpace(sum) // what an editor has left behind it would match nothing
	switch {
	case r.current.status != 0:
		return "a match below a response"
	case what == "url":
		r.current.sum = sum
	case what == "body":
		r.current.bodySum = sum
	default:
		return "unknown match"
	}
	return ""
}

func (r *parser) parseStatus(line string) string {
	if r.current.status != 0 {
		return "a second response"
	}
	proto, rest, _ := strings.Cut(line, " ")
	code, text, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if _, _, ok := http.ParseHTTPVersion(proto); !ok || err != nil || status < http.StatusOK || status > 999 {
		return "a response is a protocol, a status and a text"
	}
	r.current.proto, r.current.status, r.current.statusText = proto, status, text
	return ""
}

func parseField(h http.Header, line string) string {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return "a field is a name and a value"
	}
	name = textproto.CanonicalMIMEHeaderKey(joinLines(name)) // as it is written and sorted
	h[name] = append(h[name], strings.TrimSpace(value))
	return ""
}

// finishExchange ends the exchange that is being read.
func (r *parser) finishExchange() string {
	if r.current == nil {
		return ""
	}
	switch {
	case r.current.status == 0:
		return "a request without a response"
	case r.text != nil && r.encoded.Len() > 0:
		return "a body in text and in base64"
	case r.current.sum == "":
		return "a request without ~ url"
	}
	r.current.body = []byte(strings.Join(r.text, "\n"))
	if r.encoded.Len() > 0 {
		body, err := base64.StdEncoding.DecodeString(r.encoded.String())
		if err != nil {
			return "a body that is no base64"
		}
		r.current.body = body
	}
	r.exchanges = append(r.exchanges, r.current)
	*r = parser{exchanges: r.exchanges}
	return ""
}

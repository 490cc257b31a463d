package render

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/session/curl"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// Printer writes heads. Values are made harmless for a terminal, and those that
// give access (Authorization, cookies) are replaced unless Secrets is set.
type Printer struct {
	W       io.Writer
	Palette Palette
	Safe    bool // the writer is a terminal: escape control characters
	Secrets bool // show credentials
}

// RequestHead writes the request line and the headers. Proto is the version of
// the connection, which a request does not know. What is written is what the
// library reports; the wire may have the headers in another order.
func (p Printer) RequestHead(req *http.Request, proto string) error {
	var b strings.Builder
	b.WriteString(p.Palette.Bold(p.Palette.Green(p.escapeLine(req.Method))) + " " + p.escapeLine(p.requestTarget(req)) + " " + p.escapeLine(proto) + "\n")
	header := req.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("User-Agent") == "" {
		header.Del("User-Agent") // net/http's way to send none
	}
	header.Set("Host", req.Host)
	if req.Host == "" {
		header.Set("Host", req.URL.Host)
	}
	switch {
	case req.ContentLength > 0:
		header.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	case req.ContentLength < 0:
		header.Set("Transfer-Encoding", "chunked") //nolint:gosec // shown, not sent
	}
	p.writeFields(&b, header)
	_, err := io.WriteString(p.W, b.String())
	return err
}

// requestTarget returns path and query, without the values of parameters whose names
// say that they are secret.
func (p Printer) requestTarget(req *http.Request) string {
	target := req.URL.RequestURI()
	if p.Secrets {
		return target
	}
	return curl.RedactURL(target)
}

// ResponseHead writes the status line and the headers.
func (p Printer) ResponseHead(resp *http.Response) error {
	var b strings.Builder
	status := p.escapeLine(strings.TrimSpace(resp.Status))
	b.WriteString(p.escapeLine(resp.Proto) + " " + p.Palette.Bold(p.Palette.Status(resp.StatusCode, status)) + "\n")
	p.writeFields(&b, resp.Header)
	_, err := io.WriteString(p.W, b.String())
	return err
}

// writeFields writes the fields sorted by name, the values of one name in order.
func (p Printer) writeFields(b *strings.Builder, header http.Header) {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range header[name] {
			if !p.Secrets {
				value = secret.Value(name, value)
			}
			b.WriteString(p.Palette.Cyan(p.escapeLine(name)) + ": " + p.escapeLine(value) + "\n")
		}
	}
}

// escapeLine makes a piece of a head harmless.
func (p Printer) escapeLine(s string) string {
	if p.Safe {
		return Line(s)
	}
	return s
}

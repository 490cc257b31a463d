package middleware

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/redact"
	"github.com/aiolos-http/aiolos/middleware/internal/bodytap"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// text is an exchange that is over.
func (x *dumped) text(rules *redaction.Rules, bodies bool) string {
	t := &dumpText{rules: rules, bodies: bodies}
	sent := x.body.Kept()
	t.line('>', cmp.Or(x.req.Method, http.MethodGet)+" "+rules.URL(x.req.URL)+" "+x.proto())
	if x.req.URL != nil {
		t.line('>', "Host: "+cmp.Or(x.req.Host, x.req.URL.Host))
	}
	t.header('>', httprule.SentHeader(x.req.Header))
	t.body('>', httprule.FieldValue(x.req.Header, "Content-Type"), sent)
	received := "nothing"
	if x.resp != nil {
		t.line('<', x.proto()+" "+cmp.Or(x.resp.Status, strconv.Itoa(x.resp.StatusCode)))
		t.header('<', x.resp.Header)
		t.body('<', httprule.FieldValue(x.resp.Header, "Content-Type"), x.received)
		received = strconv.FormatInt(x.received.Size, 10)
	}
	if x.err != nil {
		t.line('*', "failed: "+rules.ErrorText(x.req, x.err))
	}
	if x.resp == nil {
		t.line('*', fmt.Sprintf("%v in all; %s received", shortTime(x.done), received))
	} else {
		t.line('*', fmt.Sprintf("%v to the head, %v in all; %s bytes received", shortTime(x.head), shortTime(x.done), received))
	}
	return t.b.String()
}

// proto is the version that was spoken, as far as is known.
func (x *dumped) proto() string {
	if x.resp != nil && x.resp.Proto != "" {
		return x.resp.Proto
	}
	return "HTTP/1.1"
}

// shortTime is a duration without digits that nobody reads.
func shortTime(d time.Duration) time.Duration {
	if d >= 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}

// dumpText is a text of lines that say which way they went.
type dumpText struct {
	b      strings.Builder
	rules  *redaction.Rules
	bodies bool
}

// line writes one line, in a form that no terminal acts on.
func (t *dumpText) line(way byte, text string) {
	t.b.WriteByte(way)
	if text != "" {
		t.b.WriteByte(' ')
	}
	for _, r := range text {
		if r != '\t' && (!unicode.IsPrint(r) || r == utf8.RuneError) {
			quoted := strconv.QuoteRuneToASCII(r)
			t.b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		t.b.WriteRune(r)
	}
	t.b.WriteByte('\n')
}

func (t *dumpText) header(way byte, h http.Header) {
	shown := t.rules.Header(h)
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		for _, value := range shown[name] {
			t.line(way, name+": "+value)
		}
	}
}

// body writes what was kept of a body, if it is text.
func (t *dumpText) body(way byte, kind string, kept bodytap.Buffer) {
	if kept.Size == 0 || !t.bodies {
		return
	}
	data := kept.Data
	isCut := kept.Size > int64(len(data))
	if isCut {
		data = trimPartialRune(data)
	}
	data = t.rules.ShownBody(kind, data)
	t.line(way, "")
	if !isText(data) {
		t.line('*', fmt.Sprintf("%d bytes that are no text", kept.Size))
		return
	}
	for line := range strings.Lines(redact.Body(kind, string(data))) {
		t.line(way, strings.TrimRight(line, "\r\n"))
	}
	if isCut {
		t.line('*', fmt.Sprintf("%d of %d bytes are shown", len(kept.Data), kept.Size))
	}
}

// isText reports whether a body can be shown as text.
func isText(data []byte) bool {
	return utf8.Valid(data) && !slices.Contains(data, 0)
}

// trimPartialRune takes the beginning of a character away that was cut.
func trimPartialRune(data []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(data); i++ {
		if tail := data[len(data)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return data[:len(data)-i]
			}
			break
		}
	}
	return data
}

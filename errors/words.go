package errors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// words is the first line of what the server says in the body, bounded, escaped and
// without secrets; "" if it says nothing more than the status does. JSON is one line
// however it is written. Markup is for browsers, and bytes are no words.
func (e *ClientResponseError) words() string {
	body := bytes.TrimSpace(bytes.TrimPrefix(e.Body, []byte("\uFEFF")))
	if len(body) == 0 || body[0] == '<' || bytes.IndexByte(body, 0) >= 0 || !e.isText() {
		return ""
	}
	var line string
	if body[0] == '{' || body[0] == '[' {
		line = e.jsonWords(body)
	}
	if line == "" {
		first, _, _ := bytes.Cut(body, []byte("\n"))
		line = e.hideSecrets(string(bytes.TrimSpace(first)))
	}
	if strings.EqualFold(line, e.Message) || strings.EqualFold(line, http.StatusText(e.Status)) {
		return ""
	}
	return printable(line, maxText)
}

// isText reports whether the type of the body is one whose words are for people.
func (e *ClientResponseError) isText() bool {
	media, _, _ := strings.Cut(fieldValue(e.Header, "Content-Type"), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "" || strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json")
}

// fieldValue is a header's first value; names have no case, whoever has filled h.
func fieldValue(h http.Header, name string) string {
	for key, values := range h {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// jsonWords writes JSON in one line, without the values under names that sound like
// secrets. Of a text that is cut off it is what can be read; "" if that is nothing.
func (e *ClientResponseError) jsonWords(body []byte) string {
	w := jsonLine{dec: json.NewDecoder(bytes.NewReader(body)), hide: e.hideSecrets, echoes: namesSecret(body)}
	w.dec.UseNumber()
	if w.writeValue() != nil {
		if w.out.Len() <= len("{") {
			return ""
		}
		w.out.WriteString("...")
	}
	return w.out.String()
}

// namesSecret reports whether a string in JSON is the name of a secret, or has one in it.
// Frameworks that complain about a field name it in one member, and repeat in another
// what they were sent: {"loc":["body","password"],"input":"hunter2"}.
func namesSecret(body []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(body[:min(len(body), maxScanned)]))
	for {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		if s, ok := token.(string); ok && SensitiveHeader(s) {
			return true
		}
	}
}

// maxScanned bounds where the name of a secret is looked for, in bytes.
const maxScanned = 4 << 10

// isEcho reports whether the member of a complaint may have what was sent: "input"
// (pydantic), "value" (Joi, express-validator), "rejectedValue" (Spring),
// "attemptedValue" (FluentValidation).
func isEcho(name string) bool {
	name = strings.ToLower(name)
	return name == "input" || strings.HasSuffix(name, "value")
}

// jsonLine writes the values of a decoder in one line, up to what an error shows.
type jsonLine struct {
	dec    *json.Decoder
	hide   func(string) string
	echoes bool // it may repeat a secret: see isEcho
	out    strings.Builder
}

var errLineFull = New("the line is full")

func (w *jsonLine) writeValue() error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		return w.writeComposite(token)
	case string:
		w.writeString(w.hide(token))
	case json.Number:
		w.out.WriteString(token.String())
	case bool:
		w.out.WriteString(map[bool]string{true: "true", false: "false"}[token])
	default:
		w.out.WriteString("null")
	}
	return nil
}

// writeComposite writes an object or an array whose first byte was read.
func (w *jsonLine) writeComposite(open json.Delim) error {
	w.out.WriteString(open.String())
	for n := 0; w.dec.More(); n++ {
		if n > 0 {
			w.out.WriteByte(',')
		}
		if w.out.Len() > maxText {
			return errLineFull
		}
		if open == '{' {
			secret, err := w.writeName()
			if err != nil {
				return err
			}
			if secret {
				continue
			}
		}
		if err := w.writeValue(); err != nil {
			return err
		}
	}
	end, err := w.dec.Token()
	if err != nil {
		return err
	}
	w.out.WriteString(end.(json.Delim).String()) //nolint:errcheck,forcetypeassert // what ends More
	return nil
}

// writeName writes the name of a member, and stars for its value if that is a secret.
func (w *jsonLine) writeName() (secret bool, err error) {
	token, err := w.dec.Token()
	if err != nil {
		return false, err
	}
	name, _ := token.(string)
	w.writeString(w.hide(name))
	w.out.WriteByte(':')
	if secret = SensitiveHeader(name) || w.echoes && isEcho(name); !secret {
		return false, nil
	}
	w.writeString(hidden)
	var skipped json.RawMessage
	return true, w.dec.Decode(&skipped)
}

func (w *jsonLine) writeString(s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil { // of a string it is
		w.out.Write(bytes.TrimSpace(b.Bytes()))
	}
}

// What looks like a secret in free text.
var secretPatterns = sync.OnceValue(func() (p struct{ url, scheme, pair, jwt *regexp.Regexp }) {
	p.url = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	p.scheme = regexp.MustCompile(`(?i)\b(basic|bearer|dpop|negotiate)\s+[A-Za-z0-9._~+/-]+=*`)
	p.pair = regexp.MustCompile(`([^\s,;:=&"'(){}\[\]][^,;:=&"'(){}\[\]]*)("?\s*[:=]\s*["']?)([^\s,;&"'(){}\[\]]+)`)
	p.jwt = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+`)
	return p
})

// hideSecrets hides in a server's text what the request has told it in confidence, and
// what looks like a secret of somebody else's: URLs are as RedactURL writes them.
func (e *ClientResponseError) hideSecrets(text string) string {
	text = e.hideKnown(text)
	p := secretPatterns()
	text = p.url.ReplaceAllStringFunc(text, RedactURLString)
	text = p.scheme.ReplaceAllStringFunc(text, func(s string) string {
		scheme, token, _ := strings.Cut(s, " ")
		if !looksSecret(token) {
			return s
		}
		return scheme + " " + hidden
	})
	text = p.jwt.ReplaceAllString(text, hidden)
	return p.pair.ReplaceAllStringFunc(text, func(s string) string {
		m := p.pair.FindStringSubmatch(s)
		if !SensitiveHeader(m[1]) || !strings.Contains(m[2], "=") && !looksSecret(m[3]) {
			return s
		}
		return m[1] + m[2] + hidden
	})
}

// looksSecret reports whether a word is one of no language.
func looksSecret(word string) bool {
	return len(word) >= 16 || strings.ContainsAny(word, "0123456789=+/_~")
}

// hideKnown hides what the request and the response have in places for secrets.
func (e *ClientResponseError) hideKnown(text string) string {
	hide := func(secret string) {
		if len(secret) >= 4 { // shorter ones are in every text
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	for _, u := range []*url.URL{e.RequestInfo.URL, e.RequestInfo.RealURL} {
		if u == nil {
			continue
		}
		hide(u.RawQuery)
		if password, ok := u.User.Password(); ok {
			hide(password)
		}
		for part := range strings.SplitSeq(u.RawQuery, "&") {
			_, raw, _ := strings.Cut(part, "=")
			hide(raw)
			if value, err := url.QueryUnescape(raw); err == nil {
				hide(value)
			}
		}
	}
	for _, h := range []http.Header{e.RequestInfo.Header, e.Header} {
		for name, values := range h {
			if !SensitiveHeader(name) {
				continue
			}
			for _, value := range values {
				eachSecret(name, value, hide)
			}
		}
	}
	return text
}

// eachSecret calls found for a header's value, and for the words and the values of its
// pairs: a token without its scheme, a password without its user, a cookie without its
// name. What a server says about a cookie is no secret.
func eachSecret(name, value string, found func(string)) {
	if strings.EqualFold(name, "Set-Cookie") {
		value, _, _ = strings.Cut(value, ";")
	}
	found(value)
	if scheme, token, ok := strings.Cut(value, " "); ok {
		found(token)
		if login, err := base64.StdEncoding.DecodeString(token); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(login), ":")
			found(password)
		}
	}
	for pair := range strings.SplitSeq(value, ";") {
		if _, v, ok := strings.Cut(pair, "="); ok {
			found(strings.Trim(v, `" `))
		}
	}
}

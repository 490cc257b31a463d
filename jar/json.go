package jar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// morsel is a cookie in aiohttp's layout.
type morsel struct {
	Key         *text      `json:"key"`
	Value       *text      `json:"value"`
	CodedValue  *text      `json:"coded_value,omitempty"`
	Expires     text       `json:"expires,omitempty"` // up to aiohttp 3.14.0
	Path        text       `json:"path,omitempty"`
	Domain      text       `json:"domain,omitempty"`
	MaxAge      number     `json:"max-age,omitempty"` // up to aiohttp 3.14.0
	Secure      flag       `json:"secure,omitempty"`
	HTTPOnly    flag       `json:"httponly,omitempty"`
	SameSite    text       `json:"samesite,omitempty"`
	Partitioned flag       `json:"partitioned,omitempty"`
	HostOnly    flag       `json:"host_only,omitempty"`
	Deadline    *timestamp `json:"expires_timestamp,omitempty"`
}

// WriteJSON writes the jar in the layout of aiohttp's CookieJar.save: an object
// of "domain|path" to an object of name to the cookie. When a cookie ends is
// written as a time, not as an age. Creation and last access are not written.
func (j *Jar) WriteJSON(w io.Writer) error {
	cookies := j.copyAll()
	groups := make(map[string][]*Cookie)
	taken := make(map[[2]string]bool)
	var order []string
	for _, c := range cookies {
		// aiohttp takes "/a" and "/a/" for one path, and writes the first.
		group := c.Domain + "|" + strings.TrimRight(c.Path, "/")
		if taken[[2]string{group, c.Name}] {
			group = c.Domain + "|" + c.Path
		}
		taken[[2]string{group, c.Name}] = true
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], c)
	}
	var flat bytes.Buffer
	flat.WriteByte('{')
	for i, group := range order {
		if i > 0 {
			flat.WriteByte(',')
		}
		if err := writeGroup(&flat, group, groups[group]); err != nil {
			return fmt.Errorf("write cookies: %w", err)
		}
	}
	flat.WriteByte('}')
	var indented bytes.Buffer
	if err := json.Indent(&indented, flat.Bytes(), "", "  "); err != nil {
		return fmt.Errorf("write cookies: %w", err)
	}
	indented.WriteByte('\n')
	_, err := indented.WriteTo(w)
	return err
}

// writeGroup writes the cookies of a domain and path, in their order.
func writeGroup(b *bytes.Buffer, group string, cookies []*Cookie) error {
	b.Write(text(group).appendJSON(nil))
	b.WriteString(":{")
	for i, c := range cookies {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text(c.Name).appendJSON(nil))
		b.WriteByte(':')
		data, err := json.Marshal(newMorsel(c))
		if err != nil {
			return err
		}
		b.Write(data)
	}
	b.WriteByte('}')
	return nil
}

func newMorsel(c *Cookie) *morsel {
	name, value, written := text(c.Name), text(c.Plain()), text(headerValue(c.Value, c.Quoted))
	m := &morsel{
		Key: &name, Value: &value, CodedValue: &written,
		Path: text(c.Path), Domain: text(c.Domain), SameSite: text(sameSiteName(c.SameSite)),
		Secure: flag(c.Secure), HTTPOnly: flag(c.HttpOnly), Partitioned: flag(c.Partitioned), HostOnly: flag(c.HostOnly),
	}
	if !c.Expires.IsZero() {
		m.Deadline = &timestamp{c.Expires}
	}
	return m
}

func sameSiteName(s http.SameSite) string {
	switch s {
	case http.SameSiteLaxMode:
		return "Lax"
	case http.SameSiteStrictMode:
		return "Strict"
	case http.SameSiteNoneMode:
		return "None"
	default:
		return ""
	}
}

// ReadJSON replaces the content of the jar by what [Jar.WriteJSON] or aiohttp
// wrote. Cookies that the jar would not keep are reported to [Config.OnReject];
// those that have expired are not. What is not of that layout is a [*FileError],
// and then the jar stays as it is.
func (j *Jar) ReadJSON(r io.Reader) error {
	data, err := readAll(r, "json", maxFile)
	if err != nil {
		return err
	}
	d := &layoutReader{dec: json.NewDecoder(bytes.NewReader(data))}
	if err := d.readFile(); err != nil {
		return damagedJSON(data, int(d.dec.InputOffset()), err)
	}
	j.replaceAll(d.records)
	return nil
}

// damagedJSON is what was wrong with data, which was read up to offset.
//
// What Token returns for a text that is cut off, or is no JSON, is not the same in
// all releases of Go: an io.EOF here is a json.SyntaxError there. What Decode
// returns is. So such a text is scanned once more, as one value.
func damagedJSON(data []byte, offset int, err error) error {
	damaged := &FileError{Format: "json", Reason: "not the layout of a cookie jar", Err: err}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.ErrUnexpectedEOF) {
		var whole json.RawMessage
		err = unexpectedEOF(json.NewDecoder(bytes.NewReader(data)).Decode(&whole))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset = int(syntax.Offset)
			damaged.Reason, damaged.Err = "not json", err
		} else if err != nil {
			offset = len(bytes.TrimRight(data, " \t\r\n"))
			damaged.Reason, damaged.Err = "ends too early", err
		}
	}
	damaged.Line = 1 + bytes.Count(data[:min(offset, len(data))], []byte("\n"))
	return damaged
}

// layoutReader reads the layout in the order of the text, which is that of the
// cookies' creation.
type layoutReader struct {
	dec     *json.Decoder
	records []record
}

var errLayout = errors.New("unexpected json value")

func (d *layoutReader) readFile() error {
	err := d.readObject(func(group string) error {
		domain, _, ok := strings.Cut(group, "|")
		if !ok {
			return errLayout
		}
		return d.readObject(func(string) error { return d.readCookie(domain) })
	})
	if err != nil {
		return err
	}
	if _, err := d.dec.Token(); err != io.EOF {
		return errLayout
	}
	return nil
}

// readObject reads an object, of which value reads each value.
func (d *layoutReader) readObject(value func(key string) error) error {
	if err := d.readDelim('{'); err != nil {
		return err
	}
	for d.dec.More() {
		token, err := d.dec.Token()
		if err != nil {
			return unexpectedEOF(err)
		}
		key, ok := token.(string)
		if !ok {
			return errLayout
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return d.readDelim('}')
}

func (d *layoutReader) readDelim(want json.Delim) error {
	token, err := d.dec.Token()
	if err != nil {
		return unexpectedEOF(err)
	}
	if token != want {
		return errLayout
	}
	return nil
}

// unexpectedEOF is err, of which an end is one too early.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *layoutReader) readCookie(domain string) error {
	var m *morsel
	if err := d.dec.Decode(&m); err != nil {
		return unexpectedEOF(err)
	}
	if m == nil || m.Key == nil || m.Value == nil {
		return errLayout
	}
	r := record{hostOnly: bool(m.HostOnly), Cookie: http.Cookie{
		Name: string(*m.Key), Domain: strings.TrimSuffix(domain, "."), Path: string(m.Path),
		Secure: bool(m.Secure), HttpOnly: bool(m.HTTPOnly), Partitioned: bool(m.Partitioned),
	}}
	if m.SameSite != "" {
		r.SameSite = parseSameSite(string(m.SameSite))
	}
	switch {
	case m.CodedValue != nil:
		r.Value, r.Quoted = cutQuotes(string(*m.CodedValue))
	case needsQuotes(string(*m.Value)):
		r.Value, r.Quoted = quoteValue(string(*m.Value)), true
	default:
		r.Value = string(*m.Value)
	}
	age, hasAge := parseMaxAge(string(m.MaxAge))
	switch {
	case m.Deadline != nil:
		r.Expires = m.Deadline.Time
	case hasAge:
		r.MaxAge = age
	default:
		r.Expires, _ = parseDate(string(m.Expires))
	}
	d.records = append(d.records, r)
	return nil
}

package items

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// HeaderItem sets a header of the request, or removes one that is set
// automatically.
type HeaderItem struct {
	Name, Value string
	Unset       bool
}

// Mode says how fields make a body.
type Mode struct {
	Form bool    // -f: a form in place of JSON
	Raw  *string // --raw: the body itself; nil means not given
}

// ReadFile returns the content of a file that an item names.
type ReadFile func(name string) ([]byte, error)

// Request is what the items ask for. It holds no URL and no method.
type Request struct {
	Headers     []HeaderItem
	Query       []Pair
	Body        []byte // JSON, form, or --raw; see HasBody
	BodyFile    string // @file; "-" is standard input
	HasBody     bool   // Body or BodyFile is to be sent, be it empty
	ContentType string // of Body; empty for BodyFile
}

// ErrMultipart is the error of name@file, which needs multipart/form-data.
var ErrMultipart = errors.New("not supported yet: multipart")

// Method returns the method to use when none was given.
func (r *Request) Method() string {
	if r.HasBody {
		return "POST"
	}
	return "GET"
}

// builder collects the parts of the body until all items are known.
type builder struct {
	req    *Request
	mode   Mode
	read   ReadFile
	tree   node
	form   []Pair
	fields bool
}

// Build reads all items of a request. Every error is a usage error.
func Build(args []string, mode Mode, read ReadFile) (*Request, error) {
	b := &builder{req: &Request{}, mode: mode, read: read}
	for _, arg := range args {
		it, err := Parse(arg)
		if err != nil {
			return nil, err
		}
		if err := b.add(it); err != nil {
			return nil, fmt.Errorf("item %q: %w", arg, err)
		}
	}
	return b.finish()
}

// add applies one item.
func (b *builder) add(it Item) error {
	switch it.Kind {
	case Header, HeaderUnset, HeaderEmpty:
		b.header(it.Name, it.Value, it.Kind == HeaderUnset)
	case Query:
		b.req.Query = append(b.req.Query, Pair{it.Name, it.Value})
	case HeaderFile, QueryFile:
		return b.addLine(it)
	case Field:
		return b.field(it.Name, it.Value)
	case FieldFile:
		data, err := b.text(it.Value)
		if err != nil {
			return err
		}
		return b.field(it.Name, data)
	case JSON:
		return b.json(it.Name, []byte(it.Value))
	case JSONFile:
		data, err := b.read(it.Value)
		if err != nil {
			return err
		}
		return b.json(it.Name, data)
	case Upload:
		return ErrMultipart
	case Body:
		if b.req.BodyFile != "" {
			return errors.New("the body is already given by an earlier @file")
		}
		b.req.BodyFile, b.req.HasBody = it.Value, true
	}
	return nil
}

// header adds a header item. Names and values lose the blanks around them, as
// they would on the wire.
func (b *builder) header(name, value string, unset bool) {
	b.req.Headers = append(b.req.Headers, HeaderItem{strings.TrimSpace(name), strings.TrimSpace(value), unset})
}

// addLine adds a header or a query parameter whose value is a file without its
// last line end.
func (b *builder) addLine(it Item) error {
	data, err := b.text(it.Value)
	if err != nil {
		return err
	}
	data = strings.TrimRight(data, "\r\n")
	if it.Kind == HeaderFile {
		b.header(it.Name, data, false)
		return nil
	}
	b.req.Query = append(b.req.Query, Pair{it.Name, data})
	return nil
}

// text reads a file that has to be UTF-8.
func (b *builder) text(name string) (string, error) {
	data, err := b.read(name)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("file %q is not UTF-8 text", name)
	}
	return string(data), nil
}

// field adds a string field to the body.
func (b *builder) field(name, value string) error {
	b.fields = true
	if b.mode.Form {
		b.form = append(b.form, Pair{name, value})
		return nil
	}
	return b.set(name, stringNode(value))
}

// json adds a field that is any JSON value.
func (b *builder) json(name string, data []byte) error {
	b.fields = true
	v, err := parseJSON(data)
	if err != nil {
		return err
	}
	if !b.mode.Form {
		return b.set(name, v)
	}
	if v.shape == object || v.shape == array {
		return errors.New("a form has no nested values")
	}
	b.form = append(b.form, Pair{name, v.plain()})
	return nil
}

// set puts a value into the JSON body.
func (b *builder) set(name string, v *node) error {
	steps, err := parsePath(name)
	if err != nil {
		return err
	}
	return b.tree.set(steps, v)
}

// finish makes the body of the collected fields.
func (b *builder) finish() (*Request, error) {
	req := b.req
	given := 0
	for _, is := range []bool{b.fields, req.BodyFile != "", b.mode.Raw != nil} {
		if is {
			given++
		}
	}
	if given > 1 {
		return nil, errors.New("a request has one body: give fields, or @file, or --raw")
	}
	switch {
	case b.mode.Raw != nil:
		req.Body, req.HasBody, req.ContentType = []byte(*b.mode.Raw), true, b.rawType()
	case b.fields && b.mode.Form:
		req.Body, req.HasBody = encodeForm(b.form), true
		req.ContentType = "application/x-www-form-urlencoded"
	case b.fields:
		req.Body, req.HasBody, req.ContentType = b.tree.appendTo(nil), true, "application/json"
	}
	return req, nil
}

// rawType is the content type of a --raw body: JSON if it is JSON.
func (b *builder) rawType() string {
	if b.mode.Form {
		return "application/x-www-form-urlencoded"
	}
	if _, err := parseJSON([]byte(*b.mode.Raw)); err == nil {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// encodeForm encodes pairs in the order they came in.
func encodeForm(pairs []Pair) []byte {
	var out []byte
	for i, p := range pairs {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(out, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value)...)
	}
	return out
}

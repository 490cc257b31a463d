package syntax

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/session/curl"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// HeaderItem sets a header of the request, or removes one that is set
// automatically.
type HeaderItem struct {
	Name, Value string
	Unset       bool
}

// Part is one part of a multipart form: a text, or a file.
type Part = curl.Part

// Mode says how fields make a body.
type Mode struct {
	Form      bool    // -f: a form in place of JSON
	Multipart bool    // --multipart: a multipart form, be there a file or not
	Raw       *string // --raw: the body itself; nil means not given
}

// ReadFile returns the content of a file that an item names.
type ReadFile func(name string) ([]byte, error)

// Request is what the items ask for. It holds no URL and no method. At most one
// of Body, BodyFile and Parts is there.
type Request struct {
	Headers     []HeaderItem
	Query       []Pair
	Body        []byte // JSON, form, or --raw; see HasBody
	BodyFile    string // @file; "-" is standard input
	HasBody     bool   // Body or BodyFile is to be sent, be it empty
	Parts       []Part // of a multipart form
	ContentType string // of Body; of BodyFile if the item says it; else empty
}

// Sends reports whether there is a body, be it empty.
func (r *Request) Sends() bool { return r.HasBody || len(r.Parts) > 0 }

// Method returns the method to use when none was given.
func (r *Request) Method() string {
	if r.Sends() {
		return "POST"
	}
	return "GET"
}

// builder collects the parts of the body until all items are known.
type builder struct {
	req    *Request
	mode   Mode
	read   ReadFile
	fields []field
	upload bool // there is a file among the fields
}

// Build reads all items of a request. Every error is a usage error.
func Build(args []string, mode Mode, read ReadFile) (*Request, error) {
	b := &builder{req: &Request{}, mode: mode, read: read}
	for _, arg := range args {
		it, err := Parse(arg)
		if err != nil {
			return nil, err
		}
		if err := b.addItem(arg, it); err != nil {
			return nil, fmt.Errorf("item %q: %w", arg, err)
		}
	}
	return b.buildBody()
}

// addItem applies one item.
func (b *builder) addItem(arg string, it Item) error {
	switch it.Kind {
	case Header, HeaderUnset, HeaderEmpty:
		b.addHeader(it.Name, it.Value, it.Kind == HeaderUnset)
	case Query:
		b.req.Query = append(b.req.Query, Pair{it.Name, it.Value})
	case HeaderFile, QueryFile:
		return b.addLine(it)
	case Field, FieldFile, JSON, JSONFile:
		return b.addField(arg, it)
	case Upload:
		b.upload = true
		b.fields = append(b.fields, field{arg: arg, part: Part{Name: it.Name, File: it.Value, Type: it.Type, As: it.As}})
	case Body:
		if b.req.BodyFile != "" {
			return errors.New("the body is already given by an earlier @file")
		}
		b.req.BodyFile, b.req.HasBody, b.req.ContentType = it.Value, true, it.Type
	}
	return nil
}

// addHeader adds a header item. Names and values lose the blanks around them, as
// they would on the wire.
func (b *builder) addHeader(name, value string, unset bool) {
	b.req.Headers = append(b.req.Headers, HeaderItem{strings.TrimSpace(name), strings.TrimSpace(value), unset})
}

// addLine adds a header or a query parameter whose value is a file without a byte order
// mark and its last line end.
func (b *builder) addLine(it Item) error {
	raw, err := b.read(it.Value)
	if err != nil {
		return err
	}
	data, err := checkText(it.Value, textfile.UTF8(raw))
	if err != nil {
		return err
	}
	data = strings.TrimRight(data, "\r\n")
	if it.Kind == HeaderFile {
		b.addHeader(it.Name, data, false)
		return nil
	}
	b.req.Query = append(b.req.Query, Pair{it.Name, data})
	return nil
}

// readText reads a file that has to be UTF-8.
func (b *builder) readText(name string) (string, error) {
	data, err := b.read(name)
	if err != nil {
		return "", err
	}
	return checkText(name, data)
}

// checkText refuses what is no UTF-8.
func checkText(name string, data []byte) (string, error) {
	if !utf8.Valid(data) {
		return "", fmt.Errorf("file %q is not UTF-8 text", name)
	}
	return string(data), nil
}

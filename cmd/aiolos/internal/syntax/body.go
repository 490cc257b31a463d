package syntax

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// field is a field of the body, of which only the other items tell whether it
// becomes JSON, a form, or a part.
type field struct {
	arg   string // the item, for messages
	part  Part
	value *node // of the kinds that are JSON; else nil
}

// addField collects a field of the body.
func (b *builder) addField(arg string, it Item) error {
	f := field{arg: arg, part: Part{Name: it.Name, Value: it.Value}}
	var err error
	data := []byte(it.Value)
	switch it.Kind {
	case FieldFile:
		f.part.Value, err = b.readText(it.Value)
	case JSONFile:
		if data, err = b.read(it.Value); err != nil {
			return err
		}
		f.value, err = parseJSON(textfile.UTF8(data))
	case JSON:
		f.value, err = parseJSON(data)
	default:
	}
	b.fields = append(b.fields, f)
	return err
}

// buildBody makes the body of the collected fields.
func (b *builder) buildBody() (*Request, error) {
	req := b.req
	given := 0
	for _, is := range []bool{len(b.fields) > 0, req.BodyFile != "", b.mode.Raw != nil} {
		if is {
			given++
		}
	}
	stdin := 0
	for _, f := range b.fields {
		if f.part.File == "-" {
			stdin++
		}
	}
	multipart := b.mode.Multipart || b.upload
	var err error
	switch {
	case stdin > 1:
		return nil, errors.New("standard input is there only once")
	case given > 1:
		return nil, errors.New("a request has one body: give fields, or @file, or --raw")
	case multipart && given > 0 && len(b.fields) == 0:
		return nil, errors.New("--multipart is for fields, and the body is given as a whole")
	case b.mode.Raw != nil:
		req.Body, req.HasBody, req.ContentType = []byte(*b.mode.Raw), true, b.rawType()
	case len(b.fields) == 0:
	case multipart:
		req.Parts, err = b.formParts()
	case b.mode.Form:
		req.HasBody, req.ContentType = true, "application/x-www-form-urlencoded"
		req.Body, err = b.encodeForm()
	default:
		req.HasBody, req.ContentType = true, "application/json"
		req.Body, err = b.buildJSON()
	}
	if err != nil {
		return nil, err
	}
	return req, nil
}

// buildJSON makes the JSON body.
func (b *builder) buildJSON() ([]byte, error) {
	var root node
	for _, f := range b.fields {
		steps, err := parsePath(f.part.Name)
		if err == nil {
			v := f.value
			if v == nil {
				v = stringNode(f.part.Value)
			}
			err = root.setAt(steps, v)
		}
		if err != nil {
			return nil, fmt.Errorf("item %q: %w", f.arg, err)
		}
	}
	return root.appendTo(nil), nil
}

// formParts are the fields as forms have them: texts, and files. Names do not nest.
func (b *builder) formParts() ([]Part, error) {
	parts := make([]Part, len(b.fields))
	for i, f := range b.fields {
		parts[i] = f.part
		switch v := f.value; {
		case v == nil:
		case v.shape == object || v.shape == array:
			return nil, fmt.Errorf("item %q: a form has no nested values", f.arg)
		default:
			parts[i].Value = v.plainText()
		}
	}
	return parts, nil
}

// encodeForm makes a url-encoded body, in the order of the items.
func (b *builder) encodeForm() ([]byte, error) {
	parts, err := b.formParts()
	var out []byte
	for i, p := range parts {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(out, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value)...)
	}
	return out, err
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

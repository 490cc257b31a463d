package form

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Multipart is a multipart body of any subtype (RFC 2046 5.1): mixed, related,
// alternative. It is a body by itself, as [Form] is, and can be a part of
// another one. What is said of a Form about errors, sending again and
// concurrency holds for it too.
//
// [FileName] gives a part a Content-Disposition, "attachment"; a header of that
// name replaces it. (aiohttp: MultipartWriter)
type Multipart struct {
	subtype  string
	boundary string
	chosen   bool // the boundary is the caller's
	params   map[string]string
	parts    []*part
	children []*Multipart
	forms    []*Form
	err      error
}

// NewMultipart returns an empty body of the subtype, with a random boundary. An
// empty subtype is "mixed". The parts of a "form-data" each need a header
// Content-Disposition, and cannot be encoded: [Form] is made for that. A
// "related" names the type of its first part in its own (RFC 2387 3.1).
func NewMultipart(subtype string) *Multipart {
	m := &Multipart{subtype: strings.ToLower(subtype), boundary: newBoundary()}
	if subtype == "" {
		m.subtype = "mixed"
	}
	if !httprule.IsToken(m.subtype) {
		m.err = invalidPart("multipart", "malformed subtype", nil)
	}
	return m
}

// Boundary is [Form.Boundary]. The boundary of a nested body must not begin with
// it.
func (m *Multipart) Boundary(boundary string) *Multipart {
	m.boundary, m.chosen = boundary, true
	return m
}

// Param sets a parameter of the Content-Type, as multipart/related has "start".
func (m *Multipart) Param(name, value string) *Multipart {
	switch {
	case !httprule.IsToken(name) || strings.EqualFold(name, "boundary"):
		m.keepError(invalidPart("multipart", "parameter that cannot be set", nil))
	case !httprule.IsValue(value):
		m.keepError(invalidPart("multipart", "control character in parameter "+name, nil))
	}
	if m.params == nil {
		m.params = make(map[string]string, 1)
	}
	m.params[strings.ToLower(name)] = value
	return m
}

// Text adds a text, as text/plain in UTF-8. (aiohttp: append with str)
func (m *Multipart) Text(s string, opts ...PartOption) *Multipart {
	return m.addPart(&part{isText: true, text: s, defaultType: "text/plain; charset=utf-8"}, opts)
}

// Bytes adds data, as application/octet-stream. It must not be changed as long
// as the body is in use. (aiohttp: append with bytes)
func (m *Multipart) Bytes(data []byte, opts ...PartOption) *Multipart {
	return m.addPart(&part{content: memory(data), defaultType: octetStream}, opts)
}

// JSON adds v, encoded now. (aiohttp: append_json)
func (m *Multipart) JSON(v any, opts ...PartOption) *Multipart {
	data, err := json.Marshal(v)
	p := &part{content: memory(data), defaultType: "application/json"}
	if err != nil {
		p.err = invalidPart(m.nextLabel(), "cannot be encoded as JSON", err)
	}
	return m.addPart(p, opts)
}

// File adds the file at path, under its name; see [Form.File].
func (m *Multipart) File(path string, opts ...PartOption) *Multipart {
	return m.addPart(&part{fileName: filepath.Base(path), isFile: true, path: path}, opts)
}

// OSFile adds the rest of a file, under its name; see [Form.OSFile].
func (m *Multipart) OSFile(file *os.File, opts ...PartOption) *Multipart {
	if file == nil {
		return m.Reader(nil, opts...)
	}
	return m.Reader(file, opts...)
}

// Reader adds what r has; see [Form.Reader]. The part has a file name if r has a
// method Name.
func (m *Multipart) Reader(r io.Reader, opts ...PartOption) *Multipart {
	return m.addPart(&part{fileName: nameOf(r, ""), isReader: true, reader: r}, opts)
}

// Form adds a form, url-encoded or nested, whichever it is. (aiohttp:
// append_form)
func (m *Multipart) Form(f *Form, opts ...PartOption) *Multipart {
	if f == nil {
		return m.keepError(invalidPart(m.nextLabel(), "nil form", nil))
	}
	m.forms = append(m.forms, f)
	return m.addPart(&part{content: nestedBody{f}, nested: f.ContentType}, opts)
}

// Multipart nests another body. A body cannot contain itself. (aiohttp: append
// with a MultipartWriter)
func (m *Multipart) Multipart(n *Multipart, opts ...PartOption) *Multipart {
	if n == nil || n.containsBody(m) {
		return m.keepError(invalidPart(m.nextLabel(), "nil body, or one that contains this one", nil))
	}
	m.children = append(m.children, n)
	return m.addPart(&part{content: nestedBody{n}, nested: n.ContentType}, opts)
}

func (m *Multipart) containsBody(other *Multipart) bool {
	return m == other || slices.ContainsFunc(m.children, func(c *Multipart) bool { return c.containsBody(other) })
}

// nextLabel names the next part.
func (m *Multipart) nextLabel() string { return fmt.Sprintf("multipart part %d", len(m.parts)+1) }

func (m *Multipart) keepError(err error) *Multipart {
	if m.err == nil {
		m.err = err
	}
	return m
}

func (m *Multipart) addPart(p *part, opts []PartOption) *Multipart {
	p.label, p.length = m.nextLabel(), -1
	p.applyAll(opts)
	if m.subtype == "form-data" {
		m.checkFormPart(p)
	}
	p.makeContent()
	m.parts = append(m.parts, p)
	return m
}

// checkFormPart is RFC 7578 4.2, 4.7 and 4.8.
func (m *Multipart) checkFormPart(p *part) {
	if !slices.ContainsFunc(p.header, headerField.isDisposition) {
		p.keepError("a part of form-data needs a Content-Disposition", nil)
	}
	if p.encoding != "" || p.transfer != "" {
		p.keepError("a part of form-data cannot be encoded", nil)
	}
}

// ContentType is the value of the header. It is the same for each sending.
func (m *Multipart) ContentType() (string, error) {
	if _, err := m.layOut(); err != nil {
		return "", err
	}
	params := m.params
	if m.subtype == "related" && params["type"] == "" && len(m.parts) > 0 {
		first, err := m.parts[0].mediaType("")
		if err != nil {
			return "", err
		}
		params = maps.Clone(params)
		if params == nil {
			params = make(map[string]string, 1)
		}
		params["type"], _, _ = mime.ParseMediaType(first)
	}
	return multipartType(m.subtype, m.boundary, params), nil
}

// Length is [Form.Length]. It is -1 with a compressed part.
func (m *Multipart) Length() (int64, error) { return lengthOf(m) }

// Open is [Form.Open].
func (m *Multipart) Open() (io.ReadCloser, error) { return openOf(m) }

// Replayable reports whether Open can be called more than once.
func (m *Multipart) Replayable() bool { return allReplayable(m.parts) }

// validate returns what is wrong with the whole; layOut looks at the parts.
func (m *Multipart) validate() error {
	if m.err != nil {
		return m.err
	}
	if fault := boundaryFault(m.boundary); fault != "" {
		return invalidPart("boundary", fault, nil)
	}
	return m.checkNestedBoundaries(m.boundary)
}

// checkNestedBoundaries looks for a nested boundary that a parser of the outer body would
// take for the outer one (RFC 2046 5.1.2).
func (m *Multipart) checkNestedBoundaries(outer string) error {
	clash := invalidPart("boundary", "that of a nested body begins with it", nil)
	for _, f := range m.forms {
		if f.isMultipart() && strings.HasPrefix(f.boundary, outer) {
			return clash
		}
	}
	for _, c := range m.children {
		if strings.HasPrefix(c.boundary, outer) {
			return clash
		}
		if err := c.checkNestedBoundaries(outer); err != nil {
			return err
		}
	}
	return nil
}

func (m *Multipart) layOut() (layout, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	var l layout
	for _, p := range m.parts {
		if p.err != nil {
			return nil, p.err
		}
		disposition, err := attachmentDisposition(p)
		if err != nil {
			return nil, err
		}
		piece, err := p.headAndContent(disposition, "")
		if err != nil {
			return nil, err
		}
		if m.chosen {
			if err := p.checkBoundary(piece, m.boundary); err != nil {
				return nil, err
			}
		}
		l = l.appendPart(m.boundary, piece)
	}
	return l.appendEnd(m.boundary), nil
}

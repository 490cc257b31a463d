package form

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Form is the data of a form: fields in their order. It is sent url-encoded, or
// as multipart/form-data (RFC 7578) once a part needs that, or [Form.Multipart]
// asks for it: bytes, files and readers need it, and so does any [PartOption].
//
// The methods that build it return the form itself. What is wrong with what they
// were given is reported, as an [errors.InvalidRequestError], by ContentType,
// Length and Open, thus before anything is sent.
//
// A form may be sent as often as one likes, if its readers allow. It must not be
// changed while it is in use; those of its methods that do not build may be
// called concurrently, unless two bodies would read the same [io.Seeker].
// (aiohttp: FormData)
type Form struct {
	parts    []*part
	boundary string
	chosen   bool // the boundary is the caller's
	charset  string
	quoting  Quoting
	quoted   bool // the quoting is the caller's choice
	forced   bool
}

// New returns an empty form with a random boundary.
func New() *Form { return &Form{boundary: newBoundary()} }

// Clone returns a form with the same parts that can be changed by itself: to
// send it with another boundary, say. What can be read only once can be read by
// one of the two.
func (f *Form) Clone() *Form {
	c := *f
	c.parts = slices.Clone(f.parts)
	return &c
}

// Field adds a text. Line breaks in it are kept as they are. (aiohttp: add_field
// with str)
func (f *Form) Field(name, value string, opts ...PartOption) *Form {
	return f.addPart(&part{name: name, isText: true, text: value}, opts)
}

// Bytes adds data, as application/octet-stream and without a file name unless
// the options say so. The data must not be changed as long as the form is in
// use. (aiohttp: add_field with bytes)
func (f *Form) Bytes(name string, data []byte, opts ...PartOption) *Form {
	return f.addPart(&part{name: name, content: memory(data), defaultType: octetStream}, opts)
}

// File adds the file at path. Its file name is the last element of the path and
// its type follows from the extension. It is opened by Open, and closed when it
// was read or the body is closed. Its size must not change in between. A pipe or
// a device has no size, can be sent once, and may block Open. (aiohttp:
// add_field with a file)
func (f *Form) File(name, path string, opts ...PartOption) *Form {
	return f.addPart(&part{name: name, fileName: filepath.Base(path), isFile: true, path: path}, opts)
}

// OSFile adds what file has from its position, when OSFile is called, to its
// end. The position is not moved, the file is never closed, and it may be sent
// again and concurrently. A pipe is read like any reader, once. (aiohttp:
// add_field with a file)
func (f *Form) OSFile(name string, file *os.File, opts ...PartOption) *Form {
	if file == nil {
		return f.Reader(name, nil, opts...)
	}
	return f.Reader(name, file, opts...)
}

// Reader adds what r has from its present position to its end. It is never
// closed: that is the caller's to do, after the form was sent.
//
// If r is an [io.Seeker], its length is known, and it goes back to where it
// stood for each sending. A [bytes.Buffer] is not drained: its bytes when Reader
// is called are sent. An [os.File] is as with OSFile. Anything else can be sent
// once, and makes the length unknown unless [Size] gives it.
//
// The file name is the last element of r.Name(), if it has that method, or the
// part's name. (aiohttp: add_field with an io.IOBase)
func (f *Form) Reader(name string, r io.Reader, opts ...PartOption) *Form {
	return f.addPart(&part{name: name, fileName: nameOf(r, name), isReader: true, reader: r}, opts)
}

// Multipart makes the form multipart/form-data whatever is in it. (aiohttp:
// default_to_multipart)
func (f *Form) Multipart() *Form {
	f.forced = true
	return f
}

// Boundary sets the boundary instead of a random one: up to 70 characters that
// RFC 2046 allows. A part that holds it at the start of a line is an error if it lies
// in memory: a text, bytes, JSON, and readers of package bytes and strings. Files and
// streams are not looked through: it is for the caller to know that they do not hold
// it.
func (f *Form) Boundary(boundary string) *Form {
	f.boundary, f.chosen = boundary, true
	return f
}

// Charset sets the charset of names and texts: utf-8, which is the default,
// us-ascii or iso-8859-1. Once it is set, the texts of a multipart form say it
// in a Content-Type of their own, text/plain; a url-encoded form says it if it is
// not utf-8. (aiohttp: FormData with charset)
func (f *Form) Charset(name string) *Form {
	f.charset = name
	return f
}

// EmptyFile adds a file field for which no file was chosen, as browsers send it: an
// empty file name, no content, and the type application/octet-stream unless the options
// say another. [FileName] cannot say this: with it, empty means no file name.
func (f *Form) EmptyFile(name string, opts ...PartOption) *Form {
	return f.addPart(&part{name: name, content: memory(nil), defaultType: octetStream, unchosen: true}, opts)
}

// Quoting sets how names and file names are written in a multipart form. With
// [QuoteWHATWG], once it is asked for here, control characters are sent as browsers
// send them; otherwise they are refused. (aiohttp: FormData with quote_fields)
func (f *Form) Quoting(q Quoting) *Form {
	f.quoting, f.quoted = q, true
	return f
}

func (f *Form) addPart(p *part, opts []PartOption) *Form {
	p.label, p.length = fieldLabel(p.name), -1
	p.applyAll(opts)
	if p.encoding != "" {
		p.keepError("a part of a form cannot be compressed (RFC 7578 4.8)", nil)
	}
	if slices.ContainsFunc(p.header, headerField.isDisposition) {
		p.keepError("header Content-Disposition is not the caller's to set", nil)
	}
	p.makeContent()
	f.parts = append(f.parts, p)
	return f
}

func (h headerField) isDisposition() bool { return strings.EqualFold(h.name, "Content-Disposition") }

// ContentType is the value of the header. It is the same for each sending.
func (f *Form) ContentType() (string, error) {
	if _, err := f.layOut(); err != nil {
		return "", err
	}
	switch {
	case f.isMultipart():
		return multipartType("form-data", f.boundary, nil), nil
	case !utf8Charset(f.charset):
		return urlencodedType + "; charset=" + f.charset, nil
	}
	return urlencodedType, nil
}

// Length is the body's exact size in bytes, or -1 if a reader does not know its
// own: then it is to be sent in chunks. 0 is a form without a field, which needs
// no body. Files are held to the size that they have now.
func (f *Form) Length() (int64, error) { return lengthOf(f) }

// Open returns the body from its start. The caller closes it. A form that is not
// Replayable can be opened once; then Open fails with an
// [errors.BodyNotReplayableError].
//
// The body starts no goroutine, and implements [io.WriterTo] for fast copying.
// Its Close may be called while it is read. A file that is not as long as Length
// said makes Open, or reading, fail with a [SizeError].
func (f *Form) Open() (io.ReadCloser, error) { return openOf(f) }

// Replayable reports whether Open can be called more than once.
func (f *Form) Replayable() bool { return allReplayable(f.parts) }

func (f *Form) isMultipart() bool {
	return f.forced || slices.ContainsFunc(f.parts, func(p *part) bool { return p.optioned || !p.isText })
}

// validate returns the first thing that is wrong with the form or a part.
func (f *Form) validate() error {
	if fault := boundaryFault(f.boundary); fault != "" {
		return invalidPart("boundary", fault, nil)
	}
	if _, fault := encodeText("", f.charset); fault != "" {
		return invalidPart("form", fault, nil)
	}
	for _, p := range f.parts {
		if p.err != nil {
			return p.err
		}
		if fault := f.nameFault(p.name); fault != "" {
			return invalidPart(p.label, "name: "+fault, nil)
		}
		if fault := f.nameFault(p.fileName); fault != "" {
			return invalidPart(p.label, "file name: "+fault, nil)
		}
	}
	return nil
}

// nameFault says what is wrong with a name, or "". A url-encoded form has an escape for
// every character, and browsers send all but CR, LF and the double quote as they are.
func (f *Form) nameFault(name string) string {
	if !f.isMultipart() || f.quoted && f.quoting == QuoteWHATWG {
		return encodingFault(name)
	}
	return nameFault(name, f.quoting)
}

func (f *Form) layOut() (layout, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	if !f.isMultipart() {
		data, err := encodePairs(f.parts, f.charset)
		return layout{{head: data}}, err
	}
	var l layout
	for _, p := range f.parts {
		disposition, err := f.dispositionOf(p)
		if err != nil {
			return nil, err
		}
		piece, err := p.headAndContent(disposition, f.charset)
		if err != nil {
			return nil, err
		}
		if f.chosen {
			if err := p.checkBoundary(piece, f.boundary); err != nil {
				return nil, err
			}
		}
		l = l.appendPart(f.boundary, piece)
	}
	return l.appendEnd(f.boundary), nil
}

// dispositionOf is RFC 7578 4.2. The names are written in the form's charset, and
// never with the extended notation of RFC 5987, which 4.2 forbids.
func (f *Form) dispositionOf(p *part) (string, error) {
	value := `form-data; name="` + quoteName(p.name, f.quoting) + `"`
	if p.fileName != "" || p.unchosen {
		value += `; filename="` + quoteFileName(p.fileName, f.quoting) + `"`
	}
	if utf8Charset(f.charset) {
		return value, nil
	}
	data, fault := encodeText(value, f.charset)
	if fault != "" {
		return "", invalidPart(p.label, "name: "+fault, nil)
	}
	return string(data), nil
}

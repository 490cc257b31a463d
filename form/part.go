package form

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// part is a part as its maker described it. It does not change once it is added,
// and may belong to several forms.
type part struct {
	label    string // its name in errors
	name     string
	isText   bool
	text     string
	content  payload // made by makeContent, or given; nil for a text
	nested   func() (string, error)
	isFile   bool
	path     string
	isReader bool
	reader   io.Reader
	fileName string // "": none
	unchosen bool   // an empty file name is written

	contentType string // of the caller's
	defaultType string // "": none
	charset     string
	header      []headerField
	encoding    string
	transfer    string
	length      int64 // of a reader; -1: not given
	optioned    bool
	err         error
}

type headerField struct{ name, value string }

const octetStream = "application/octet-stream"

// keepError notes what is wrong; the first counts.
func (p *part) keepError(reason string, cause error) {
	if p.err == nil {
		p.err = invalidPart(p.label, reason, cause)
	}
}

func (p *part) applyAll(opts []PartOption) {
	for i := range opts {
		if opts[i].apply != nil {
			opts[i].apply(p)
			p.optioned = true
		}
	}
	if p.length >= 0 && !p.isReader {
		p.keepError("Size is for readers", nil)
	}
}

// makeContent makes the content of a file or a reader, once the options are known.
func (p *part) makeContent() {
	if !p.isFile && !p.isReader {
		return
	}
	p.defaultType = cmp.Or(httprule.TypeByName(p.fileName), octetStream)
	if p.isFile {
		p.content = &pathFile{label: p.label, path: p.path}
		return
	}
	content, err := readerContent(p.label, p.reader, p.length)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.content = content
}

// nameOf is the file name of a reader that has one.
func nameOf(r io.Reader, otherwise string) string {
	if f, ok := r.(*os.File); ok && f == nil {
		return otherwise
	}
	if named, ok := r.(interface{ Name() string }); ok {
		return filepath.Base(named.Name())
	}
	return otherwise
}

// headAndContent makes a part's head, without its delimiter, and its content.
func (p *part) headAndContent(disposition, charset string) (piece, error) {
	contentType, err := p.mediaType(charset)
	if err != nil {
		return piece{}, err
	}
	content := p.content
	if p.isText {
		if own := charsetOf(contentType); own != "" {
			charset = own
		}
		data, fault := encodeText(p.text, charset)
		if fault != "" {
			return piece{}, invalidPart(p.label, fault, nil)
		}
		content = memory(data)
	}
	head := appendHeader(make([]byte, 0, 256), "Content-Disposition", disposition)
	head = appendHeader(head, "Content-Type", contentType)
	head = appendHeader(head, "Content-Encoding", strings.TrimSuffix(p.encoding, "-raw"))
	head = appendHeader(head, "Content-Transfer-Encoding", p.transfer)
	for _, h := range p.header {
		head = append(append(append(append(head, h.name...), ": "...), h.value...), "\r\n"...)
	}
	return piece{append(head, "\r\n"...), p.withEncoders(content)}, nil
}

// appendHeader leaves out what has no value.
func appendHeader(head []byte, name, value string) []byte {
	if value == "" {
		return head
	}
	return append(append(append(append(head, name...), ": "...), value...), "\r\n"...)
}

// mediaType is the Content-Type, or "" for none.
func (p *part) mediaType(charset string) (string, error) {
	if p.nested != nil {
		return p.nested()
	}
	if p.charset != "" {
		charset = p.charset
	}
	if !p.isText {
		charset = p.charset // a form's charset is that of its texts
	}
	contentType := p.contentType
	if contentType == "" {
		contentType = p.defaultType
		if charset != "" && (contentType == "" || contentType == octetStream) {
			contentType = "text/plain"
		}
	}
	if contentType == "" {
		return "", nil
	}
	if own := charsetOf(contentType); own != "" && p.charset != "" && !strings.EqualFold(own, p.charset) {
		return "", invalidPart(p.label, "two charsets", nil)
	}
	return withCharset(contentType, charset), nil
}

// withEncoders puts the encoders around the content: the coding of the content is the
// inner one.
func (p *part) withEncoders(content payload) payload {
	if enc, ok := contentEncodings(p.encoding); ok {
		content = encoded{content, enc}
	}
	if enc, ok := transferEncodings(p.transfer); ok && enc.start != nil {
		content = encoded{content, enc}
	}
	return content
}

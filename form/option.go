package form

import (
	"mime"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// PartOption is one wish for a part. Of two that contradict each other the later
// wins; only [Header] adds up. A part with an option needs multipart. PartOptions
// are immutable and may be shared; the zero PartOption does nothing.
//
// A bad one is reported by the form's ContentType, Length and Open.
type PartOption struct {
	text  string // fit to print
	apply func(*part)
}

// String returns the option as it was written, without a header's value.
func (o PartOption) String() string { return o.text }

func partOption(name, arg string, apply func(*part)) PartOption {
	return PartOption{name + "(" + strconv.Quote(arg) + ")", apply}
}

// ContentType sets a part's Content-Type. A text is encoded in the charset that
// it names. Empty is the part's own: none for a field, application/octet-stream
// for bytes, and for a file or a reader what its file name's extension says.
// (aiohttp: add_field with content_type)
func ContentType(mediaType string) PartOption {
	return partOption("ContentType", mediaType, func(p *part) {
		t, _, err := mime.ParseMediaType(mediaType)
		switch {
		case p.nested != nil:
			p.keepError("its content type is that of the body in it", nil)
		case mediaType == "":
		case !httprule.IsValue(mediaType):
			p.keepError("control character in its content type", nil)
		case err != nil || !strings.Contains(t, "/"):
			p.keepError("malformed content type", err)
		}
		p.contentType = mediaType
	})
}

// FileName sets the file name that the server is told; empty leaves it out. It
// is written as given: a directory in it is the caller's wish. (aiohttp:
// add_field with filename)
func FileName(name string) PartOption {
	return partOption("FileName", name, func(p *part) { p.fileName = name })
}

// Charset sets the charset of a text, and writes it into the Content-Type, which
// is text/plain if there is none yet. Texts can be in utf-8, us-ascii and
// iso-8859-1. Bytes, files and readers are in whatever charset they are in: for
// those it is only written. Empty is the form's charset.
func Charset(name string) PartOption {
	return partOption("Charset", name, func(p *part) {
		switch {
		case p.nested != nil:
			p.keepError("its content type is that of the body in it", nil)
		case name != "" && !httprule.IsToken(name):
			p.keepError("malformed charset", nil)
		}
		p.charset = name
	})
}

// Header adds a header to a part, as it is spelt. Control characters are
// refused, and so are the headers that follow from the part or have an option of
// their own: Content-Type, Content-Disposition in a form, Content-Encoding,
// Content-Transfer-Encoding and Content-Length. (aiohttp: append with headers)
func Header(name, value string) PartOption {
	return partOption("Header", name, func(p *part) {
		switch {
		case !httprule.IsToken(name):
			p.keepError("malformed header name", nil)
		case !httprule.IsValue(value):
			p.keepError("control character in its header "+name, nil)
		}
		switch strings.ToLower(name) {
		case "content-type", "content-encoding", "content-transfer-encoding", "content-length":
			p.keepError("header "+name+" is not the caller's to set: see the options", nil)
		}
		p.header = append(p.header, headerField{name, value})
	})
}

// ContentEncoding compresses a part: "gzip", "deflate" (in zlib's format, RFC
// 9110 8.4.1.2), or "deflate-raw", which is written as "deflate" and has no zlib
// header: that is what aiohttp's reader of multiparts takes for deflate. Empty
// is none. The part's length is then unknown. Parts of a form cannot have it.
// (aiohttp: append with a Content-Encoding header)
func ContentEncoding(coding string) PartOption {
	return partOption("ContentEncoding", coding, func(p *part) {
		if _, ok := contentEncodings(coding); !ok && coding != "" {
			p.keepError("content encoding is neither gzip nor deflate", nil)
		}
		p.encoding = coding
	})
}

// TransferEncoding sets a part's Content-Transfer-Encoding: "base64" in lines of
// 76, "quoted-printable", or "binary", "8bit" and "7bit", which change nothing.
// Empty is none. HTTP needs none of them, and in a form they are deprecated (RFC
// 7578 4.7): it is for servers that were made for mail. (aiohttp: add_field with
// content_transfer_encoding)
func TransferEncoding(name string) PartOption {
	return partOption("TransferEncoding", name, func(p *part) {
		enc, ok := transferEncodings(name)
		if !ok && name != "" {
			p.keepError("unknown content transfer encoding", nil)
		}
		if enc.start != nil && p.nested != nil {
			p.keepError("a nested body cannot have content transfer encoding "+name+" (RFC 2045 6.4)", nil)
		}
		p.transfer = name
	})
}

// Size says how many bytes a reader is to give, so that the length is known.
// Just so many are read; if there are fewer, the body ends with a [SizeError].
// It is for [Form.Reader], [Form.OSFile] and their like.
func Size(bytes int64) PartOption {
	return PartOption{"Size(" + strconv.FormatInt(bytes, 10) + ")", func(p *part) {
		if bytes < 0 {
			p.keepError("negative size", nil)
		}
		p.length = bytes
	}}
}

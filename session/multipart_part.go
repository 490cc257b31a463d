package session

import (
	"cmp"
	"encoding/base64"
	stderrors "errors"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// BodyPart is a part of a multipart body. It can be read until the reader's next
// Next, and is decoded by its Content-Transfer-Encoding (base64, quoted-printable)
// and its Content-Encoding. (aiohttp: BodyPartReader)
type BodyPart struct {
	Header http.Header

	reader  *MultipartReader
	src     io.ReadCloser
	limit   int64
	done    int64
	decoded bool
}

func newPart(m *MultipartReader, native *multipart.Part) (*BodyPart, error) {
	p := &BodyPart{Header: http.Header(native.Header), reader: m, src: native, limit: m.cfg.MaxPartSize}
	if m.cfg.NoDecode {
		return p, nil
	}
	switch encoding := trimOWS(p.Header.Get("Content-Transfer-Encoding")); strings.ToLower(encoding) {
	case "", "7bit", "8bit", "binary":
	case "base64":
		p.src = readCloser{base64.NewDecoder(base64.StdEncoding, &base64Filter{src: native}), native}
	case "quoted-printable":
		p.src = readCloser{quotedprintable.NewReader(native), native}
	default:
		return nil, &MultipartError{Reason: "unknown transfer encoding"}
	}
	if dec, ok := codec.NewReader(p.Header["Content-Encoding"], p.src); ok {
		p.src, p.decoded = dec, true
	}
	return p, nil
}

// readCloser is a body that is decoded on its way.
type readCloser struct {
	io.Reader
	io.Closer
}

// base64Filter drops what is not of the alphabet, as RFC 2045 6.8 has it.
type base64Filter struct{ src io.Reader }

func (f *base64Filter) Read(p []byte) (int, error) {
	for {
		n, err := f.src.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if isBase64(c) {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '='
}

// ContentDisposition parses the part's header.
func (p *BodyPart) ContentDisposition() ContentDisposition {
	cd, _ := ParseContentDisposition(p.Header.Get("Content-Disposition")) // zero if it is malformed
	return cd
}

// Name is the name of the form's field, or "". (aiohttp: name)
func (p *BodyPart) Name() string { return p.ContentDisposition().Param("name") }

// FileName is the file name as it was sent, or "". It may be anything; SafeName
// of ContentDisposition is one to open. (aiohttp: filename)
func (p *BodyPart) FileName() string { return p.ContentDisposition().FileName() }

// ContentType is the media type in lower case; without a header it is text/plain,
// as RFC 2046 5.1 has it, and application/octet-stream if there is a file name.
func (p *BodyPart) ContentType() string {
	header := p.Header.Get("Content-Type")
	if header == "" && p.FileName() == "" {
		return "text/plain"
	}
	media, _ := charset.Parse(header)
	return media
}

// Read reads and decodes. (aiohttp: read_chunk)
func (p *BodyPart) Read(b []byte) (int, error) {
	n, err := p.src.Read(b)
	p.done += int64(n)
	if p.limit > 0 && p.done > p.limit {
		n -= int(p.done - p.limit)
		p.done = p.limit
		err = &errors.BodyTooLargeError{Limit: p.limit, Decompressed: p.decoded}
	}
	if err == nil || err == io.EOF || stderrors.Is(err, errors.ErrClient) {
		return n, err
	}
	return n, p.reader.wrapError(err)
}

// Bytes reads the rest of the part. (aiohttp: read)
func (p *BodyPart) Bytes() ([]byte, error) {
	p.limit = cmp.Or(p.limit, DefaultMaxBuffered)
	data, err := io.ReadAll(p)
	if err != nil {
		return nil, p.reader.wrap(err)
	}
	return data, nil
}

// Text reads the rest of the part as text, by the charset of its Content-Type,
// else by that of the form's _charset_ part, else as UTF-8. Bytes that are invalid
// become U+FFFD. (aiohttp: text)
func (p *BodyPart) Text() (string, error) {
	data, err := p.Bytes()
	if err != nil {
		return "", err
	}
	return decodeText(data, p.charset(), false)
}

// charset is that of the part's text.
func (p *BodyPart) charset() string {
	_, label := charset.Parse(p.Header.Get("Content-Type"))
	return cmp.Or(charsetName(label), charsetName(p.reader.text), utf8Name)
}

// JSON decodes the rest of the part into v, whatever its type, from its charset as Text
// does and with the session's decoder. (aiohttp: json)
func (p *BodyPart) JSON(v any) error {
	data, err := p.Bytes()
	if err != nil {
		return err
	}
	if err := p.reader.decode(charset.UTF8Bytes(p.charset(), data), v); err != nil {
		return p.reader.wrap(&errors.ClientPayloadError{Received: p.done, Expected: -1, Kind: errors.ErrClientPayload, Err: err})
	}
	return nil
}

// Form decodes the rest of the part as a url-encoded form. (aiohttp: form)
func (p *BodyPart) Form() (url.Values, error) {
	text, err := p.Text()
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(strings.TrimRight(text, "\r\n"))
	if err != nil {
		return nil, p.reader.wrap(&MultipartError{Reason: "malformed form", Err: err})
	}
	return values, nil
}

// MultipartReader reads the part as a multipart body of its own, with the limits
// of the one around it.
func (p *BodyPart) MultipartReader() (*MultipartReader, error) {
	if !strings.HasPrefix(p.ContentType(), "multipart/") {
		return nil, p.reader.wrap(&MultipartError{Reason: "the part is not multipart"})
	}
	m, err := newMultipart(p, p.Header.Get("Content-Type"), p.reader.cfg, p.reader.depth+1)
	if err != nil {
		return nil, p.reader.wrap(err)
	}
	m.wrap, m.decode = p.reader.wrap, p.reader.decode
	return m, nil
}

// Close passes over the rest of the part. Next does that too. (aiohttp: release)
func (p *BodyPart) Close() error { return p.src.Close() }

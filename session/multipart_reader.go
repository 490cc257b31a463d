package session

import (
	"bytes"
	"cmp"
	stderrors "errors"
	"io"
	"iter"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// The limits of a [MultipartReader].
const (
	defaultMaxParts       = 10_000
	defaultMaxPartHeaders = 128
	defaultMaxPartField   = 8190
	defaultMaxDepth       = 8
	maxBoundary           = 70 // RFC 2046 5.1.1
	maxCharsetPart        = 32
)

// MultipartConfig bounds the reading of a multipart body. In all its fields zero
// means the default, and negative that there is no limit.
type MultipartConfig struct {
	MaxParts     int // of one body; 10000
	MaxHeaders   int // fields of a part; 128
	MaxFieldSize int // bytes of a field's name and value; 8190
	MaxDepth     int // bodies within each other; 8
	// MaxPartSize is in bytes of a part's body after decoding. The default is no
	// limit for reading, and DefaultMaxBuffered for the methods that return a
	// body in one piece.
	MaxPartSize int64
	// NoDecode leaves transfer and content encodings as they are.
	NoDecode bool
}

// MultipartError is a multipart body that is malformed, or above a limit. It is
// of the class [errors.ErrClientPayload].
type MultipartError struct {
	Reason string
	Err    error // the cause, or nil
}

// Error is the reason and the cause.
func (e *MultipartError) Error() string {
	if e.Err != nil {
		return "multipart: " + e.Reason + ": " + errors.RedactError(e.Err)
	}
	return "multipart: " + e.Reason
}

// Unwrap returns the cause.
func (e *MultipartError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *MultipartError) Is(target error) bool { return isPayload(target) }

// MultipartReader reads the parts of a multipart body, one after the other
// (RFC 2046 5.1). It is used by one goroutine at a time. (aiohttp:
// MultipartReader)
type MultipartReader struct {
	cfg    MultipartConfig
	src    io.Reader         // until native is there
	mark   string            // the boundary
	native *multipart.Reader // nil before the first Next
	body   io.Closer         // the response; nil within a part
	wrap   func(error) error
	decode func([]byte, any) error // of JSON
	kind   string                  // media type
	depth  int
	parts  int
	last   *BodyPart
	err    error  // how it ended
	text   string // the charset that a _charset_ part gives
}

// MultipartReader reads the response as a multipart body. Another type is an
// [*errors.ContentTypeError], and one without a boundary of 1 to 70 bytes a
// [*MultipartError]; both close the response. It is closed, too, at the end of the
// body and when the loop over Parts is left. (aiohttp:
// MultipartReader.from_response)
func (r *Response) MultipartReader(cfg MultipartConfig) (*MultipartReader, error) {
	if err := r.refuseUpgraded(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.ContentType(), "multipart/") {
		r.Close() // the type is the error
		return nil, &errors.ContentTypeError{ClientResponseError: r.responseError("not multipart but " + r.ContentType())}
	}
	m, err := newMultipart(r.bodySource(), r.Header.Get("Content-Type"), cfg, 1)
	if err != nil {
		r.Close() // the header is the error
		return nil, r.wrapError(err)
	}
	m.body, m.wrap, m.decode = r, r.wrapError, r.jsonDecoder()
	return m, nil
}

func newMultipart(src io.Reader, contentType string, cfg MultipartConfig, depth int) (*MultipartReader, error) {
	boundary := boundaryOf(contentType)
	if boundary == "" || len(boundary) > maxBoundary {
		return nil, &MultipartError{Reason: "no boundary of 1 to 70 bytes"}
	}
	if isOver(depth, cfg.MaxDepth, defaultMaxDepth) {
		return nil, &MultipartError{Reason: "too many bodies within each other"}
	}
	kind, _ := charset.Parse(contentType)
	same := func(err error) error { return err }
	return &MultipartReader{
		cfg: cfg, src: src, mark: boundary, kind: kind, depth: depth, wrap: same,
	}, nil
}

// closedBody ends with a line break and then with an error, so that package
// mime/multipart takes nothing but a closing boundary for the end: it has the same
// io.EOF for a body that ends within the header of a part. The line break is that of
// the body, which is the one before the closing boundary.
type closedBody struct {
	src    io.Reader
	last   byte // of what was read
	onlyLF bool // the last line ended without a CR
	ended  bool
}

func (b *closedBody) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.src.Read(p)
	b.note(p[:n])
	if err != io.EOF || n > 0 {
		return n, notEOF(err)
	}
	if len(p) < 2 {
		return 0, nil
	}
	b.ended = true
	if b.onlyLF {
		return copy(p, "\n"), nil
	}
	return copy(p, "\r\n"), nil
}

// note looks at how the last line in data ends.
func (b *closedBody) note(data []byte) {
	if len(data) == 0 {
		return
	}
	switch at := bytes.LastIndexByte(data, '\n'); at {
	case -1:
	case 0:
		b.onlyLF = b.last != '\r'
	default:
		b.onlyLF = data[at-1] != '\r'
	}
	b.last = data[len(data)-1]
}

// boundaryOf reads the parameter leniently, as the rest of Content-Type is read.
func boundaryOf(contentType string) string {
	_, rest, _ := strings.Cut(contentType, ";")
	for rest = strings.TrimLeft(rest, "; \t"); rest != ""; rest = strings.TrimLeft(rest, "; \t") {
		var name, value string
		var quoted, ok bool
		if name, value, quoted, rest, ok = dispositionParam(rest); !ok || name == "" {
			return ""
		}
		if name == "boundary" {
			if quoted {
				value = unescapeQuoted(value)
			}
			return value
		}
	}
	return ""
}

func isOver(n, limit, fallback int) bool {
	limit = cmp.Or(limit, fallback)
	return limit > 0 && n > limit
}

// Kind is the media type of the whole, such as "multipart/mixed".
func (m *MultipartReader) Kind() string { return m.kind }

// Next returns the next part, or io.EOF after the last. It ends the part before,
// whatever is left of that. A part named _charset_, which gives the charset of the
// others, is read and not returned (RFC 7578 4.6). (aiohttp: next)
func (m *MultipartReader) Next() (*BodyPart, error) {
	for m.err == nil {
		p, err := m.nextPart()
		if err != nil {
			return nil, m.endWith(err)
		}
		if m.kind != "multipart/form-data" || p.Name() != "_charset_" {
			return p, nil
		}
		p.limit = maxCharsetPart
		text, err := p.Bytes()
		if err != nil {
			return nil, m.endWith(err)
		}
		m.text = string(text)
	}
	return nil, m.err
}

// endWith ends the reading with err, and closes the response.
func (m *MultipartReader) endWith(err error) error {
	m.err = err
	if m.body != nil {
		m.body.Close()
	}
	return err
}

func (m *MultipartReader) nextPart() (*BodyPart, error) {
	if m.last != nil {
		m.last.Close() // decoders go back to their pool
	}
	if m.native == nil {
		src, boundary := findBoundary(m.src, m.mark)
		m.native = multipart.NewReader(&closedBody{src: src}, boundary)
	}
	native, err := m.native.NextRawPart()
	if err != nil {
		return nil, m.wrapError(err)
	}
	if m.parts++; isOver(m.parts, m.cfg.MaxParts, defaultMaxParts) {
		return nil, m.wrap(&MultipartError{Reason: "too many parts"})
	}
	if err := m.checkHeader(native.Header); err != nil {
		return nil, m.wrap(err)
	}
	if m.last, err = newPart(m, native); err != nil {
		return nil, m.wrap(err)
	}
	return m.last, nil
}

// wrapError makes a [MultipartError] of an error of package mime/multipart.
func (m *MultipartReader) wrapError(err error) error {
	switch {
	case err == io.EOF || stderrors.Is(err, errors.ErrClient):
		return err
	case stderrors.Is(err, io.EOF), stderrors.Is(err, io.ErrUnexpectedEOF):
		return m.wrap(&MultipartError{Reason: "ends too early", Err: io.ErrUnexpectedEOF})
	}
	return m.wrap(&MultipartError{Reason: "malformed", Err: err})
}

func (m *MultipartReader) checkHeader(h textproto.MIMEHeader) error {
	n := 0
	for name, values := range h {
		n += len(values)
		for _, value := range values {
			if isOver(len(name)+len(value), m.cfg.MaxFieldSize, defaultMaxPartField) {
				return &MultipartError{Reason: "a header field is too large"}
			}
		}
	}
	if isOver(n, m.cfg.MaxHeaders, defaultMaxPartHeaders) {
		return &MultipartError{Reason: "too many header fields"}
	}
	return nil
}

// Parts yields the parts. An error is yielded once and ends the loop; leaving the
// loop closes the response.
func (m *MultipartReader) Parts() iter.Seq2[*BodyPart, error] {
	return func(yield func(*BodyPart, error) bool) {
		for {
			p, err := m.Next()
			if err == io.EOF {
				return
			}
			if !yield(p, err) || err != nil {
				if err == nil {
					m.endWith(errors.ErrConnectionClosed) //nolint:errcheck // it says how a later Next fails
				}
				return
			}
		}
	}
}

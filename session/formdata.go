package session

import (
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// FormData sends a form: url-encoded, or as multipart/form-data if a part needs
// that. What is wrong with the form fails the request before anything is sent.
// It can be sent again after a redirect if its parts can. A Content-Type header of
// the caller's gives a multipart form its boundary. (aiohttp: data with FormData)
func FormData(f *form.Form) Option {
	return bodyOption("FormData", nil, func() (*bodySource, error) {
		if f == nil {
			return nil, &errors.InvalidRequestError{Field: "FormData", Reason: "nil"}
		}
		b, err := formSource(f)
		if err != nil {
			return nil, err
		}
		b.form = f
		return b, nil
	})
}

// Multipart sends a multipart body that is no form: multipart/mixed,
// multipart/related and so on. (aiohttp: data with MultipartWriter)
func Multipart(m *form.Multipart) Option {
	return bodyOption("Multipart", nil, func() (*bodySource, error) {
		if m == nil {
			return nil, &errors.InvalidRequestError{Field: "Multipart", Reason: "nil"}
		}
		return formSource(m)
	})
}

// formBody is what package form makes.
type formBody interface {
	ContentType() (string, error)
	Length() (int64, error)
	Open() (io.ReadCloser, error)
	Replayable() bool
}

func formSource(f formBody) (*bodySource, error) {
	contentType, err := f.ContentType()
	if err != nil {
		return nil, err
	}
	length, err := f.Length()
	if err != nil {
		return nil, err
	}
	open := f.Open
	if length == 0 {
		open = func() (io.ReadCloser, error) { return http.NoBody, nil }
	}
	return &bodySource{open: open, length: length, contentType: contentType, once: !f.Replayable()}, nil
}

// resolveBoundary makes the boundary of a multipart body the one that a header of
// the caller's announces. Of a body that cannot be changed it has to be the same,
// because nobody could read it otherwise.
func (o *options) resolveBoundary() error {
	b, own := o.body, o.header["Content-Type"]
	if b == nil || o.auto&autoContentType != 0 || len(own) == 0 || !isMultipart(b.contentType) || !isMultipart(own[0]) {
		return nil
	}
	boundary := boundaryOf(own[0])
	switch {
	case boundary == boundaryOf(b.contentType):
		return nil
	case boundary == "" || b.form == nil:
		return &errors.InvalidRequestError{Field: "header Content-Type", Reason: "does not have the boundary of the body"}
	}
	changed, err := formSource(b.form.Clone().Boundary(boundary))
	if err == nil {
		o.body = changed
	}
	return err
}

func isMultipart(contentType string) bool {
	kind, _ := charset.Parse(contentType)
	return strings.HasPrefix(kind, "multipart/")
}

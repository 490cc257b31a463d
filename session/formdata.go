package session

import (
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// FormData sends a form: url-encoded, or as multipart/form-data if a part needs
// that. What is wrong with the form fails the request before anything is sent.
// It can be sent again after a redirect if its parts can. (aiohttp: data with
// FormData)
func FormData(f *form.Form) Option {
	if f == nil {
		return formOption("FormData", nil)
	}
	return formOption("FormData", f)
}

// Multipart sends a multipart body that is no form: multipart/mixed,
// multipart/related and so on. (aiohttp: data with MultipartWriter)
func Multipart(m *form.Multipart) Option {
	if m == nil {
		return formOption("Multipart", nil)
	}
	return formOption("Multipart", m)
}

// formBody is what package form makes.
type formBody interface {
	ContentType() (string, error)
	Length() (int64, error)
	Open() (io.ReadCloser, error)
	Replayable() bool
}

func formOption(name string, f formBody) Option {
	return bodyOption(name, nil, func() (*bodySource, error) {
		if f == nil {
			return nil, &errors.InvalidRequestError{Field: name, Reason: "nil"}
		}
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
	})
}

package session

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// bodySource is a request's body before it is sent, once or several times.
type bodySource struct {
	open        func() (io.ReadCloser, error)
	data        []byte // what open returns, if it is in memory
	length      int64  // -1: not known, sent in chunks
	contentType string
	once        bool       // open works a single time
	closes      bool       // the end of the call closes it
	discard     func()     // nothing was asked of it
	finish      func()     // the call is over
	form        *form.Form // what open sends, if it is one
}

func bodyOption(name string, args []string, source func() (*bodySource, error)) Option {
	return checkedOption(name, args, func(o *options) error {
		b, err := source()
		if err == nil {
			o.body = b
		}
		return err
	})
}

func memoryBody(data []byte, contentType string) *bodySource {
	return &bodySource{
		open: func() (io.ReadCloser, error) {
			if len(data) == 0 {
				return http.NoBody, nil
			}
			return io.NopCloser(bytes.NewReader(data)), nil
		},
		data: data, length: int64(len(data)), contentType: contentType,
	}
}

// JSON sends v as JSON; nil is sent as null. (aiohttp: json)
func JSON(v any) Option {
	return checkedOption("JSON", []string{fmt.Sprintf("%T", v)}, func(o *options) error {
		data, err := o.encode(v)
		if err != nil {
			return &errors.InvalidRequestError{Field: "JSON", Reason: "cannot be encoded", Err: err}
		}
		o.body = memoryBody(data, jsonType)
		return nil
	})
}

// Form sends values url-encoded, sorted by name. (aiohttp: data with a dict)
func Form(values url.Values) Option {
	return bodyOption("Form", []string{fmt.Sprintf("%d names", len(values))}, func() (*bodySource, error) {
		return memoryBody([]byte(values.Encode()), formType), nil
	})
}

const formType = "application/x-www-form-urlencoded"

// FormPairs sends names and values url-encoded in the order given: name, value,
// name, value. (aiohttp: data with a list of pairs)
func FormPairs(pairs ...string) Option {
	return bodyOption("FormPairs", []string{fmt.Sprintf("%d pairs", len(pairs)/2)}, func() (*bodySource, error) {
		if len(pairs)%2 != 0 {
			return nil, &errors.InvalidRequestError{Field: "FormPairs", Reason: "a name without a value"}
		}
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
		}
		return memoryBody([]byte(b.String()), formType), nil
	})
}

// Bytes sends data as application/octet-stream. It must not be changed until
// the call has returned. (aiohttp: data with bytes)
func Bytes(data []byte) Option {
	return bodyOption("Bytes", []string{strconv.Itoa(len(data)) + " bytes"}, func() (*bodySource, error) {
		return memoryBody(data, octetStream), nil
	})
}

const (
	octetStream = "application/octet-stream"
	jsonType    = "application/json"
)

// Text sends s as text/plain in UTF-8. (aiohttp: data with str)
func Text(s string) Option {
	return bodyOption("Text", []string{strconv.Itoa(len(s)) + " bytes"}, func() (*bodySource, error) {
		return memoryBody([]byte(s), "text/plain; charset=utf-8"), nil
	})
}

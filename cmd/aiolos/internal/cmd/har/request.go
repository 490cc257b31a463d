package har

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// makeRequest makes a request of an exchange that can be sent again: without the
// headers that belong to a connection, and without those that were hidden when
// the file was written, whose names it returns as lost. A URL or a body with
// hidden parts, and a body that the file does not have, are errors.
func makeRequest(e *har.Entry) (r *curlconv.Request, lost []string, err error) {
	r = &curlconv.Request{Method: e.Request.Method, URL: e.Request.URL}
	if _, err := session.ParseURL(r.URL); err != nil {
		return nil, nil, errors.New("har: not an HTTP URL")
	}
	if !httpguts.ValidHeaderFieldName(r.Method) { // both are tokens (RFC 9110 5.6.2)
		return nil, nil, errors.New("har: the method has a character that it must not have")
	}
	if strings.Contains(r.URL, secret.Hidden) {
		return nil, nil, errors.New("har: parts of the URL are hidden in the file")
	}
	for _, h := range e.Request.Headers {
		switch {
		case strings.HasPrefix(h.Name, ":"), ofConnection(h.Name):
		case isHidden(h):
			lost = append(lost, h.Name)
		case http.CanonicalHeaderKey(h.Name) == "Accept-Encoding":
			r.Compressed = true // in the codings that can be decoded here
		default:
			own := curlconv.Header{Name: h.Name, Value: h.Value}
			if err := curlconv.CheckHeader(own); err != nil {
				return nil, nil, fmt.Errorf("har: %w", err)
			}
			r.Headers = append(r.Headers, own)
		}
	}
	return r, lost, addBody(r, &e.Request)
}

// isHidden reports whether the value of a header was hidden: as a whole, or that
// of a cookie or of credentials behind their scheme.
func isHidden(h har.NameValue) bool {
	return h.Value == secret.Hidden || secret.Header(h.Name) && strings.Contains(h.Value, secret.Hidden)
}

// ofConnection reports whether a header is of one connection or made by the
// sender from the rest.
func ofConnection(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Te", "Upgrade", "Proxy-Connection", "Trailer", "Http2-Settings":
		return true
	}
	return false
}

// addBody adds the body of the recorded request.
func addBody(r *curlconv.Request, recorded *har.Request) error {
	post := recorded.Post
	switch {
	case post == nil && recorded.BodySize > 0:
		return errors.New("har: the file does not have the body of the request")
	case post == nil:
		return nil
	}
	text := post.Text
	if text == "" && len(post.Params) > 0 {
		if !strings.HasPrefix(strings.ToLower(post.MimeType), "application/x-www-form-urlencoded") {
			return errors.New("har: the file does not have the body of the request as it was")
		}
		pairs := make([]string, 0, len(post.Params))
		for _, p := range post.Params {
			pairs = append(pairs, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		}
		text = strings.Join(pairs, "&")
	}
	switch {
	case strings.ContainsRune(text, utf8.RuneError):
		return errors.New("har: the body of the request was no text, and the format cannot hold it")
	case recorded.BodySize > int64(len(text)):
		return errors.New("har: the file has only a part of the request's body")
	}
	r.Body, r.HasBody = []byte(text), true
	kind := curlconv.Header{Name: "Content-Type", Value: post.MimeType}
	if _, ok := r.Header(kind.Name); !ok && kind.Value != "" && curlconv.CheckHeader(kind) == nil {
		r.Headers = append(r.Headers, kind)
	}
	return nil
}

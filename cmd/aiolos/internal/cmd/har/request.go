package har

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"

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
	if _, err := curlconv.Parse([]string{"curl", "-X", r.Method, "h"}, nil); err != nil {
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
		case isValid(h):
			r.Headers = append(r.Headers, curlconv.Header{Name: h.Name, Value: h.Value})
		default:
			return nil, nil, errors.New("har: a header has a character that it must not have")
		}
	}
	return r, lost, addBody(r, &e.Request)
}

// isHidden reports whether the value of a header was hidden: as a whole, or that
// of a cookie or of credentials behind their scheme.
func isHidden(h har.NameValue) bool {
	return h.Value == secret.Hidden || secret.Header(h.Name) && strings.Contains(h.Value, secret.Hidden)
}

// isValid reports whether a header can be sent.
func isValid(h har.NameValue) bool {
	_, err := curlconv.Parse([]string{"curl", "-H", h.Name + ": " + h.Value, "h"}, nil)
	return err == nil
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
	if _, ok := r.Header("Content-Type"); !ok && post.MimeType != "" && isValid(har.NameValue{Name: "Content-Type", Value: post.MimeType}) {
		r.Headers = append(r.Headers, curlconv.Header{Name: "Content-Type", Value: post.MimeType})
	}
	return nil
}

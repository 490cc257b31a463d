// Package har reads files in the format HTTP Archive 1.2, as browsers and this
// library write them.
package har

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// maxFile bounds a file that is read.
const maxFile = 1 << 30

// hidden is what stands for a secret in a file of this library.
const hidden = "***"

// Pair is a name and its value.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Entry is one exchange, as far as it is used here.
type Entry struct {
	Started time.Time `json:"startedDateTime"`
	Time    float64   `json:"time"` // milliseconds
	Request struct {
		Method      string `json:"method"`
		URL         string `json:"url"`
		HTTPVersion string `json:"httpVersion"`
		Headers     []Pair `json:"headers"`
		Post        *struct {
			MimeType string `json:"mimeType"`
			Text     string `json:"text"`
			Params   []Pair `json:"params"`
		} `json:"postData"`
		BodySize int64 `json:"bodySize"`
	} `json:"request"`
	Response struct {
		Status      int    `json:"status"` // 0: the request failed
		StatusText  string `json:"statusText"`
		HTTPVersion string `json:"httpVersion"`
		Headers     []Pair `json:"headers"`
		Content     struct {
			Size     int64  `json:"size"`
			MimeType string `json:"mimeType"`
			Text     string `json:"text"`
			Encoding string `json:"encoding"`
		} `json:"content"`
		Error string `json:"_error"`
	} `json:"response"`
}

// Read reads a file. It needs at least a method and a URL for each exchange.
func Read(r io.Reader) ([]Entry, error) {
	var file struct {
		Log *struct {
			Entries []Entry `json:"entries"`
		} `json:"log"`
	}
	limited := &io.LimitedReader{R: r, N: maxFile}
	dec := json.NewDecoder(limited)
	if err := dec.Decode(&file); err != nil {
		if limited.N <= 0 {
			return nil, errors.New("har: the file is larger than 1 GiB")
		}
		return nil, fmt.Errorf("har: %w", err)
	}
	if file.Log == nil {
		return nil, errors.New(`har: the file has no "log"`)
	}
	for i, e := range file.Log.Entries {
		if e.Request.URL == "" || e.Request.Method == "" {
			return nil, fmt.Errorf("har: entry %d has no method or no URL", i+1)
		}
	}
	return file.Log.Entries, nil
}

// Duration is how long the exchange took.
func (e *Entry) Duration() time.Duration {
	if !(e.Time > 0 && e.Time < 1e12) {
		return 0
	}
	return time.Duration(e.Time * float64(time.Millisecond))
}

// Body returns what the file has of the response's body.
func (e *Entry) Body() ([]byte, error) {
	c := e.Response.Content
	if c.Encoding != "base64" {
		return []byte(c.Text), nil
	}
	data, err := base64.StdEncoding.DecodeString(c.Text)
	if err != nil {
		return nil, fmt.Errorf("har: body: %w", err)
	}
	return data, nil
}

// Convert makes a request of the exchange that can be sent again: without the
// headers that belong to a connection, and without those that were hidden when
// the file was written, whose names it returns as lost. A URL or a body with
// hidden parts, and a body that the file does not have, are errors.
func (e *Entry) Convert() (r *curlconv.Request, lost []string, err error) {
	r = &curlconv.Request{Method: e.Request.Method, URL: e.Request.URL}
	if _, err := session.ParseURL(r.URL); err != nil {
		return nil, nil, errors.New("har: not an HTTP URL")
	}
	if _, err := curlconv.Parse([]string{"curl", "-X", r.Method, "h"}, nil); err != nil {
		return nil, nil, errors.New("har: the method has a character that it must not have")
	}
	if strings.Contains(r.URL, hidden) {
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
	return r, lost, e.addBody(r)
}

// isHidden reports whether the value of a header was hidden: as a whole, or that
// of a cookie or of credentials behind their scheme.
func isHidden(h Pair) bool {
	return h.Value == hidden || secret.Header(h.Name) && strings.Contains(h.Value, hidden)
}

// isValid reports whether a header can be sent.
func isValid(h Pair) bool {
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

// addBody adds the body.
func (e *Entry) addBody(r *curlconv.Request) error {
	post := e.Request.Post
	switch {
	case post == nil && e.Request.BodySize > 0:
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
	case e.Request.BodySize > int64(len(text)):
		return errors.New("har: the file has only a part of the request's body")
	}
	r.Body, r.HasBody = []byte(text), true
	if _, ok := r.Header("Content-Type"); !ok && post.MimeType != "" && isValid(Pair{"Content-Type", post.MimeType}) {
		r.Headers = append(r.Headers, curlconv.Header{Name: "Content-Type", Value: post.MimeType})
	}
	return nil
}

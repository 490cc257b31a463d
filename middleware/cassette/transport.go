package cassette

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// Wrap is the cassette's [middleware.Middleware]. A cassette that replays does not use
// next, which may be nil then.
func (c *Cassette) Wrap(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		body, err := c.takeBody(req)
		if err != nil {
			return nil, err
		}
		if req.URL == nil {
			return nil, &errors.InvalidRequestError{Field: "url", Reason: "is nil"}
		}
		x := c.describeRequest(req, body)
		if c.recording {
			return c.recordExchange(next, req, body, x)
		}
		if req.Context().Err() != nil {
			return nil, httprule.ContextError(req.Context())
		}
		found, used := c.takeAnswer(x, req.URL)
		if found == nil {
			return nil, &MissError{Method: x.method, URL: x.url, Used: used}
		}
		resp := found.makeResponse(req)
		httprule.NoteReplayed(req, resp)
		return resp, nil
	})
}

// takeBody reads a request's body and closes it.
func (c *Cassette) takeBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	return readAll(req.Body, c.cfg.MaxBody)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	if limit < 0 {
		return io.ReadAll(r)
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = &errors.BodyTooLargeError{Limit: limit}
	}
	return body, err
}

// describeRequest is what a request looks like in the file.
func (c *Cassette) describeRequest(req *http.Request, body []byte) *exchange {
	r := c.rules.ForRequest(req)
	x := &exchange{
		method: req.Method, url: r.URL(req.URL), header: r.Header(httprule.SentHeader(req.Header)),
		sum: hexSHA256([]byte(c.matchedURL(req.URL))),
	}
	if x.method == "" {
		x.method = http.MethodGet
	}
	if len(body) > 0 {
		x.bodySum = hexSHA256(r.ShownBody(httprule.FieldValue(req.Header, "Content-Type"), body))
	}
	return x
}

// matchedURL is what of a URL counts: all of it but the credentials, the fragment,
// and the values of a query under names that sound like secrets. Those may be
// others when it is replayed, and their digest would help to guess them.
func (c *Cassette) matchedURL(u *url.URL) string {
	plain := *u
	plain.User, plain.Fragment, plain.RawFragment = nil, "", ""
	parts := strings.Split(u.RawQuery, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if known, err := url.QueryUnescape(name); err != nil || c.isSecretName(known) {
			parts[i] = name + "="
		}
	}
	plain.RawQuery = strings.Join(parts, "&")
	return plain.String()
}

func (c *Cassette) isSecretName(name string) bool {
	r := c.rules
	if slices.Contains(r.ShowQuery, name) {
		return false
	}
	lower := strings.ToLower(name)
	return r.Hides(name) || lower == "code" || lower == "pin" || strings.Contains(lower, "key") || strings.Contains(lower, "sig")
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// recordExchange asks the network and keeps the answer.
func (c *Cassette) recordExchange(next http.RoundTripper, req *http.Request, body []byte, x *exchange) (*http.Response, error) {
	sent := req.Clone(req.Context())
	if body != nil {
		sent.Body = io.NopCloser(bytes.NewReader(body))
		sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	resp, err := next.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	if resp.Request == sent {
		resp.Request = req
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil // a connection cannot be recorded
	}
	var content []byte
	if resp.Body != nil {
		content, err = readAll(resp.Body, c.cfg.MaxBody)
		resp.Body.Close()
	}
	if err != nil {
		if errors.Is(err, errors.ErrBodyTooLarge) {
			return nil, err
		}
		// What broke is not recorded; the caller sees it break where it did.
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), failingReader{err}))
		return resp, nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	c.addExchange(x, resp, content)
	return resp, nil
}

type failingReader struct{ err error }

func (b failingReader) Read([]byte) (int, error) { return 0, b.err }

func (c *Cassette) addExchange(x *exchange, resp *http.Response, content []byte) {
	r := c.rules
	if resp.Request != nil {
		r = r.ForRequest(resp.Request)
	}
	x.status, x.statusText, x.proto = resp.StatusCode, httprule.StatusText(resp), resp.Proto
	if _, _, ok := http.ParseHTTPVersion(x.proto); !ok {
		x.proto = "HTTP/1.1" // of a double that does not say
	}
	x.response = r.Header(resp.Header)
	if len(content) > 0 {
		x.body = slices.Clone(r.ShownBody(httprule.FieldValue(resp.Header, "Content-Type"), content))
		if x.response["Content-Length"] != nil {
			x.response["Content-Length"] = []string{strconv.Itoa(len(x.body))}
		}
	}
	if len(resp.Trailer) > 0 { // its values have come with the body
		x.trailer = r.Header(resp.Trailer)
	}
	x.used = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exchanges, c.dirty = append(c.exchanges, x), true
}

// takeAnswer takes the first unused answer to a request. Used reports whether there
// was one that is given already.
func (c *Cassette) takeAnswer(want *exchange, u *url.URL) (found *exchange, used bool) {
	// A Location that was recorded has its secrets hidden: a request that
	// follows it can only be compared as the file shows it.
	hidden := strings.Contains(u.RawQuery, redaction.Hidden) || strings.Contains(u.RawQuery, url.QueryEscape(redaction.Hidden))
	c.mu.Lock()
	defer c.mu.Unlock()
	var last *exchange
	for _, x := range c.exchanges {
		sameURL := x.sum == want.sum || hidden && x.url == want.url
		if x.method != want.method || x.bodySum != want.bodySum || !sameURL {
			continue
		}
		if !x.used {
			x.used = true
			return x, false
		}
		last = x
	}
	if c.cfg.Repeat {
		return last, last != nil
	}
	return nil, last != nil
}

// makeResponse makes a response like the recorded one.
func (x *exchange) makeResponse(req *http.Request) *http.Response {
	major, minor, _ := http.ParseHTTPVersion(x.proto)
	resp := &http.Response{
		Status: strings.TrimSpace(strconv.Itoa(x.status) + " " + x.statusText), StatusCode: x.status,
		Proto: x.proto, ProtoMajor: major, ProtoMinor: minor, Header: x.response.Clone(),
		Body: http.NoBody, ContentLength: int64(len(x.body)), Request: req,
	}
	if len(x.body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(x.body))
	}
	if len(x.trailer) > 0 {
		resp.Trailer = x.trailer.Clone()
		if major == 1 {
			resp.ContentLength = -1 // only chunks have trailers there
		}
	}
	if length, err := strconv.ParseInt(httprule.FieldValue(resp.Header, "Content-Length"), 10, 64); err == nil && req.Method == http.MethodHead {
		resp.ContentLength = length
	}
	return resp
}

package middleware

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
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// Wrap is the cassette's [Middleware]. A cassette that replays does not use
// next, which may be nil then.
func (c *Cassette) Wrap(next http.RoundTripper) http.RoundTripper {
	return Func(func(req *http.Request) (*http.Response, error) {
		body, err := c.take(req)
		if err != nil {
			return nil, err
		}
		if req.URL == nil {
			return nil, &errors.InvalidRequestError{Field: "url", Reason: "is nil"}
		}
		track := c.track(req, body)
		if c.record {
			return c.recorded(next, req, body, track)
		}
		if req.Context().Err() != nil {
			return nil, httprule.ContextError(req.Context())
		}
		found, used := c.find(track, req.URL)
		if found == nil {
			return nil, &CassetteMissError{Method: track.method, URL: track.url, Used: used}
		}
		return found.answer(req), nil
	})
}

// take reads a request's body and closes it.
func (c *Cassette) take(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	return cassetteReadAll(req.Body, c.cfg.MaxBody)
}

func cassetteReadAll(r io.Reader, limit int64) ([]byte, error) {
	if limit < 0 {
		return io.ReadAll(r)
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = &errors.BodyTooLargeError{Limit: limit}
	}
	return body, err
}

// track is what a request looks like in the file.
func (c *Cassette) track(req *http.Request, body []byte) *cassetteTrack {
	r := c.rules.ForRequest(req)
	track := &cassetteTrack{
		method: req.Method, url: r.URL(req.URL), header: r.Header(req.Header),
		sum: cassetteSum([]byte(c.identity(req.URL))),
	}
	if track.method == "" {
		track.method = http.MethodGet
	}
	if len(body) > 0 {
		track.bodySum = cassetteSum(r.ShownBody(httprule.FieldValue(req.Header, "Content-Type"), body))
	}
	return track
}

// identity is what of a URL counts: all of it but the credentials, the fragment,
// and the values of a query under names that sound like secrets. Those may be
// others when it is replayed, and their digest would help to guess them.
func (c *Cassette) identity(u *url.URL) string {
	plain := *u
	plain.User, plain.Fragment, plain.RawFragment = nil, "", ""
	parts := strings.Split(u.RawQuery, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if known, err := url.QueryUnescape(name); err != nil || c.secretName(known) {
			parts[i] = name + "="
		}
	}
	plain.RawQuery = strings.Join(parts, "&")
	return plain.String()
}

func (c *Cassette) secretName(name string) bool {
	r := c.rules
	if slices.Contains(r.ShowQuery, name) {
		return false
	}
	lower := strings.ToLower(name)
	return r.Hides(name) || lower == "code" || lower == "pin" || strings.Contains(lower, "key") || strings.Contains(lower, "sig")
}

func cassetteSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// recorded asks the network and keeps the answer.
func (c *Cassette) recorded(next http.RoundTripper, req *http.Request, body []byte, track *cassetteTrack) (*http.Response, error) {
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
		content, err = cassetteReadAll(resp.Body, c.cfg.MaxBody)
		resp.Body.Close()
	}
	if err != nil {
		if errors.Is(err, errors.ErrBodyTooLarge) {
			return nil, err
		}
		// What broke is not recorded; the caller sees it break where it did.
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), cassetteBroken{err}))
		return resp, nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	c.keep(track, resp, content)
	return resp, nil
}

type cassetteBroken struct{ err error }

func (b cassetteBroken) Read([]byte) (int, error) { return 0, b.err }

func (c *Cassette) keep(track *cassetteTrack, resp *http.Response, content []byte) {
	r := c.rules
	if resp.Request != nil {
		r = r.ForRequest(resp.Request)
	}
	track.status, track.statusText, track.proto = resp.StatusCode, httprule.StatusText(resp), resp.Proto
	if _, _, ok := http.ParseHTTPVersion(track.proto); !ok {
		track.proto = "HTTP/1.1" // of a double that does not say
	}
	track.response = r.Header(resp.Header)
	if len(content) > 0 {
		track.body = slices.Clone(r.ShownBody(httprule.FieldValue(resp.Header, "Content-Type"), content))
		if track.response["Content-Length"] != nil {
			track.response["Content-Length"] = []string{strconv.Itoa(len(track.body))}
		}
	}
	track.used = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tracks, c.dirty = append(c.tracks, track), true
}

// find takes the first unused answer to a request. Used reports whether there
// was one that is given already.
func (c *Cassette) find(want *cassetteTrack, u *url.URL) (found *cassetteTrack, used bool) {
	// A Location that was recorded has its secrets hidden: a request that
	// follows it can only be compared as the file shows it.
	hidden := strings.Contains(u.RawQuery, redaction.Hidden) || strings.Contains(u.RawQuery, url.QueryEscape(redaction.Hidden))
	c.mu.Lock()
	defer c.mu.Unlock()
	var last *cassetteTrack
	for _, track := range c.tracks {
		sameURL := track.sum == want.sum || hidden && track.url == want.url
		if track.method != want.method || track.bodySum != want.bodySum || !sameURL {
			continue
		}
		if !track.used {
			track.used = true
			return track, false
		}
		last = track
	}
	if c.cfg.Repeat {
		return last, last != nil
	}
	return nil, last != nil
}

// answer is a response like the recorded one.
func (t *cassetteTrack) answer(req *http.Request) *http.Response {
	major, minor, _ := http.ParseHTTPVersion(t.proto)
	resp := &http.Response{
		Status: strings.TrimSpace(strconv.Itoa(t.status) + " " + t.statusText), StatusCode: t.status,
		Proto: t.proto, ProtoMajor: major, ProtoMinor: minor, Header: t.response.Clone(),
		Body: http.NoBody, ContentLength: int64(len(t.body)), Request: req,
	}
	if len(t.body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(t.body))
	}
	if length, err := strconv.ParseInt(httprule.FieldValue(resp.Header, "Content-Length"), 10, 64); err == nil && req.Method == http.MethodHead {
		resp.ContentLength = length
	}
	return resp
}

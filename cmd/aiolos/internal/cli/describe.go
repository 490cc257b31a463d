package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// describe has the library make the request without sending it, and returns the
// request as it was asked for and as it would be sent.
func (s *send) describe(ctx context.Context, j job) (asked, sent *curlconv.Request, err error) {
	sess, err := s.net.session(ctx, connector.Config{}, func(http.RoundTripper) http.RoundTripper { return notSent{} })
	if err != nil {
		return nil, nil, err
	}
	defer sess.Close()
	s.net.remember(j.url, j.req.Headers)
	resp, err := sess.Request(ctx, j.method, j.url, j.options...)
	if err != nil {
		return nil, nil, err
	}
	made := resp.Request
	asked = s.common(made, j)
	for _, h := range slices.Concat(s.net.rest(), j.req.Headers) {
		asked.Headers = append(asked.Headers, curlconv.Header{Name: h.Name, Value: h.Value, Unset: h.Unset})
	}
	sent = s.common(made, j)
	sent.Headers, sent.Compressed = automatic(made)
	if len(sent.Parts) > 0 {
		s.formType(asked, sent)
	}
	switch made.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
	default:
		sent.HasBody = len(sent.Parts) == 0 // be it an empty one, whose length is sent
	}
	_, asked.Compressed = sent.Header("Accept-Encoding")
	if _, own := asked.Header("Accept-Encoding"); own {
		asked.Compressed = false
	}
	asked.Headers = append(asked.Headers, s.extra(asked, sent)...)
	sent.Headers = slices.DeleteFunc(sent.Headers, func(h curlconv.Header) bool { return !s.shown(h) })
	return asked, sent, resp.Close()
}

// formType sees to the content type of a form, which curl completes by a boundary of
// its own.
func (s *send) formType(asked, sent *curlconv.Request) {
	// curl knows other types of files by their names.
	sent.Parts = slices.Clone(sent.Parts)
	for i, p := range sent.Parts {
		if p.File != "" && p.Type == "" {
			sent.Parts[i].Type = typeOf(p)
		}
	}
	asked.Headers = slices.DeleteFunc(asked.Headers, curlconv.FormsOwn)
	given, _ := asked.Header("Content-Type")
	sent.Headers = slices.DeleteFunc(sent.Headers, func(h curlconv.Header) bool { return strings.EqualFold(h.Name, "Content-Type") })
	if given != "" {
		sent.Headers = append(sent.Headers, curlconv.Header{Name: "Content-Type", Value: given})
	}
}

// extra are the headers of a request that nobody has asked for by their names and
// that the library does not set by itself: they come from the URL, the body, and
// the session.
func (s *send) extra(asked, sent *curlconv.Request) []curlconv.Header {
	var extra []curlconv.Header
	for _, h := range sent.Headers {
		switch http.CanonicalHeaderKey(h.Name) {
		case "Accept", "Accept-Encoding", "User-Agent", "Host":
			continue
		}
		known := slices.ContainsFunc(asked.Headers, func(other curlconv.Header) bool { return strings.EqualFold(h.Name, other.Name) })
		if !known && s.shown(h) && (len(sent.Parts) == 0 || !strings.EqualFold(h.Name, "Content-Type")) {
			extra = append(extra, h)
		}
	}
	return extra
}

// shown reports whether a header is to be printed: that of a password which is not
// known stands elsewhere.
func (s *send) shown(h curlconv.Header) bool {
	return s.net.user == "" || !strings.EqualFold(h.Name, "Authorization")
}

// notSent answers a request at once, in the place of a server.
type notSent struct{}

// RoundTrip implements http.RoundTripper.
func (notSent) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: http.StatusNoContent, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req,
	}, nil
}

// common is what both descriptions have.
func (s *send) common(made *http.Request, j job) *curlconv.Request {
	r := &curlconv.Request{
		Method: made.Method, URL: made.URL.String(),
		Body: j.req.Body, BodyFile: j.req.BodyFile, HasBody: j.req.HasBody, Parts: j.req.Parts, Boundary: s.boundary,
		Follow: !s.noFollow, Output: s.output, Verbose: s.verbose,
	}
	if made.URL.Fragment != "" {
		r.URL, _, _ = strings.Cut(r.URL, "#")
	}
	if r.Output == "-" {
		r.Output = ""
	}
	if r.Follow && s.redirects != defaultRedirects {
		r.MaxRedirects = s.redirects
		r.Follow = s.redirects > 0
	}
	s.net.describe(r)
	return r
}

// defaultRedirects is how many redirects are followed if nothing else is said.
const defaultRedirects = 10

// automatic are the headers of a request that was made, as curl has to be told
// of them.
func automatic(made *http.Request) (headers []curlconv.Header, compressed bool) {
	if made.Host != "" && made.Host != made.URL.Host {
		headers = append(headers, curlconv.Header{Name: "Host", Value: made.Host})
	}
	if len(made.Header["Accept"]) == 0 {
		headers = append(headers, curlconv.Header{Name: "Accept", Unset: true})
	}
	names := make([]string, 0, len(made.Header))
	for name := range made.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if i := slices.Index(names, "Content-Type"); i >= 0 {
		// It comes last: curl does without it where it would set the same.
		names = append(slices.Delete(names, i, i+1), "Content-Type")
	}
	for _, name := range names {
		for _, value := range made.Header[name] {
			switch {
			case name == "Accept" && value == "*/*": // curl's own
			case name == "User-Agent" && value == "": // net/http's way to send none
				headers = append(headers, curlconv.Header{Name: name, Unset: true})
			default:
				headers = append(headers, curlconv.Header{Name: name, Value: value})
			}
		}
	}
	return headers, len(made.Header["Accept-Encoding"]) > 0
}

// describe adds what the flags say beyond the defaults.
func (n *network) describe(r *curlconv.Request) {
	if total := time.Duration(n.total); total != session.DefaultTotal {
		r.Timeout = total
	}
	r.Connect, r.Silence = time.Duration(n.connect), time.Duration(n.read)
	r.Login, r.Retry, r.Limit, r.PerHost = n.user, n.retry, n.limit, n.perHost
	r.Unix, r.Insecure = n.unix, n.insecure
	r.TrustEnv = n.unix == "" && n.proxy == ""
	r.Sensitive = n.sensitive()
	switch n.proxy {
	case noProxy:
		r.NoProxy = true
	default:
		r.Proxy = n.proxy
	}
	if !n.pin.IsZero() {
		r.Pin = n.pin.String()
	}
	switch {
	case n.http1:
		r.Version = "1.1"
	case n.http2:
		r.Version, r.OnlyHTTP2 = "2", true
	}
}

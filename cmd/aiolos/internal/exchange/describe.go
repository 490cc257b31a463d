package exchange

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session/curl"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// AnswerUnsent is a middleware that answers requests at once, in the place of a server.
func AnswerUnsent(http.RoundTripper) http.RoundTripper {
	return middleware.Answer(http.StatusNoContent, nil, "")
}

// describeRequest has the library make the request without sending it, and returns the
// request as it was asked for and as it would be sent.
func (s *Sender) describeRequest(ctx context.Context, j Job) (asked, sent *curlconv.Request, err error) {
	sess, err := s.Net.OpenSession(ctx, connector.Config{}, AnswerUnsent)
	if err != nil {
		return nil, nil, err
	}
	defer sess.Close()
	s.Net.RememberHeaders(j.URL, j.Request.Headers)
	resp, err := sess.Request(ctx, j.Method, j.URL, j.Options...)
	if err != nil {
		return nil, nil, err
	}
	made := resp.Request
	asked = s.describeFlags(made, j)
	for _, h := range slices.Concat(s.Net.RemainingHeaders(), j.Request.Headers) {
		asked.Headers = append(asked.Headers, curlconv.Header{Name: h.Name, Value: h.Value, Unset: h.Unset})
	}
	sent = s.describeFlags(made, j)
	sent.Headers, sent.Compressed = curl.DescribeHeaders(made)
	if len(sent.Parts) > 0 {
		s.dropFormType(asked, sent)
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
	asked.Headers = append(asked.Headers, s.unnamedHeaders(asked, sent)...)
	sent.Headers = slices.DeleteFunc(sent.Headers, func(h curlconv.Header) bool { return !s.showsHeader(h) })
	return asked, sent, resp.Close()
}

// dropFormType sees to the content type of a form, which curl completes by a boundary of
// its own.
func (s *Sender) dropFormType(asked, sent *curlconv.Request) {
	// curl knows other types of files by their names.
	sent.Parts = slices.Clone(sent.Parts)
	for i, p := range sent.Parts {
		if p.File != "" && p.Type == "" {
			sent.Parts[i].Type = fileContentType(p)
		}
	}
	asked.Headers = slices.DeleteFunc(asked.Headers, curlconv.FormsOwn)
	given, _ := asked.Header("Content-Type")
	sent.Headers = slices.DeleteFunc(sent.Headers, func(h curlconv.Header) bool { return strings.EqualFold(h.Name, "Content-Type") })
	if given != "" {
		sent.Headers = append(sent.Headers, curlconv.Header{Name: "Content-Type", Value: given})
	}
}

// unnamedHeaders are the headers of a request that nobody has asked for by their names and
// that the library does not set by itself: they come from the URL, the body, and
// the session.
func (s *Sender) unnamedHeaders(asked, sent *curlconv.Request) []curlconv.Header {
	var extra []curlconv.Header
	for _, h := range sent.Headers {
		switch http.CanonicalHeaderKey(h.Name) {
		case "Accept", "Accept-Encoding", "User-Agent", "Host":
			continue
		}
		known := slices.ContainsFunc(asked.Headers, func(other curlconv.Header) bool { return strings.EqualFold(h.Name, other.Name) })
		if !known && s.showsHeader(h) && (len(sent.Parts) == 0 || !strings.EqualFold(h.Name, "Content-Type")) {
			extra = append(extra, h)
		}
	}
	return extra
}

// showsHeader reports whether a header is to be printed: that of a password which is not
// known stands elsewhere.
func (s *Sender) showsHeader(h curlconv.Header) bool {
	return s.Net.User == "" || s.Net.Kind == flags.Bearer || !strings.EqualFold(h.Name, "Authorization")
}

// describeFlags is what both descriptions have.
func (s *Sender) describeFlags(made *http.Request, j Job) *curlconv.Request {
	r := &curlconv.Request{
		Method: made.Method, URL: made.URL.String(),
		Body: j.Request.Body, BodyFile: j.Request.BodyFile, HasBody: j.Request.HasBody, Parts: j.Request.Parts, Boundary: s.boundary,
		Follow: !s.NoFollow, Output: s.Output, Verbose: s.Verbose,
	}
	if made.URL.Fragment != "" {
		r.URL, _, _ = strings.Cut(r.URL, "#")
	}
	if r.Output == "-" {
		r.Output = ""
	}
	if s.writesFile() && s.CheckStatus && !s.NoCheck { // curl writes an error page without -f
		r.Fail, r.FailBody = true, s.FailBody
	}
	if r.Follow && s.Redirects != DefaultRedirects {
		r.MaxRedirects = s.Redirects
		r.Follow = s.Redirects > 0
	}
	s.Net.DescribeTo(r)
	return r
}

package curl

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// MaxBody is how much of a body a command has room for: a line of Linux holds 128 KiB.
const MaxBody = 96 << 10

// FromRequest describes a request that is to be sent, or was: method, URL, headers and
// body. The request is not changed. Its body is had from GetBody, so that it can still
// be sent; one without GetBody, one of more than [MaxBody], and a request without a URL
// are an [errors.InvalidRequestError].
func FromRequest(req *http.Request) (*Command, error) {
	if req == nil || req.URL == nil {
		return nil, &errors.InvalidRequestError{Field: "URL", Reason: "nil"}
	}
	c := &Command{Method: req.Method, URL: req.URL.String()}
	if c.Method == "" {
		c.Method = http.MethodGet
	}
	var compressed bool
	c.Headers, compressed = DescribeHeaders(req)
	if compressed {
		c.Options = append(c.Options, []string{"--compressed"})
	}
	return c, c.readBody(req)
}

// readBody has the body of a request.
func (c *Command) readBody(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	if req.GetBody == nil {
		return &errors.InvalidRequestError{Field: "body", Reason: "it can be read only once: GetBody is nil"}
	}
	body, err := req.GetBody()
	if err != nil {
		return &errors.InvalidRequestError{Field: "body", Reason: "GetBody has failed", Err: err}
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	switch {
	case err != nil:
		return &errors.InvalidRequestError{Field: "body", Reason: "it cannot be read", Err: err}
	case len(data) > MaxBody:
		return &errors.InvalidRequestError{Field: "body", Reason: fmt.Sprintf("more than %d bytes: put it into a file", MaxBody)}
	}
	c.Body, c.HasBody = data, true
	return nil
}

// DescribeHeaders are the headers of a request, as curl has to be told of them, in the
// order of their names; compressed says that responses may be encoded, which is curl's
// --compressed.
func DescribeHeaders(req *http.Request) (headers []Header, compressed bool) {
	if req.Host != "" && req.Host != req.URL.Host {
		headers = append(headers, Header{Name: "Host", Value: req.Host})
	}
	if len(httprule.FieldValues(req.Header, "Accept")) == 0 {
		headers = append(headers, Header{Name: "Accept", Unset: true})
	}
	names := make([]string, 0, len(req.Header))
	for name := range req.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if i := slices.Index(names, "Content-Type"); i >= 0 {
		// It comes last: curl does without it where it would set the same.
		names = append(slices.Delete(names, i, i+1), "Content-Type")
	}
	for _, name := range names {
		for _, value := range req.Header[name] {
			switch {
			case strings.EqualFold(name, "Accept") && value == "*/*": // curl's own
			case strings.EqualFold(name, "User-Agent") && value == "": // net/http's way to send none
				headers = append(headers, Header{Name: name, Unset: true})
			default:
				headers = append(headers, Header{Name: name, Value: value})
			}
		}
	}
	return headers, len(httprule.FieldValues(req.Header, "Accept-Encoding")) > 0
}

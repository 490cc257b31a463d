package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/items"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// instead are the flags that print a request in place of sending it.
type instead struct{ offline, curl, source bool }

// flags adds the flags to a command.
func (i *instead) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&i.offline, "offline", false, "send nothing: print the bytes that HTTP/1.1 would send")
	f.BoolVar(&i.curl, "curl", false, "send nothing: print the curl command that does the same")
	f.BoolVar(&i.source, "go", false, "send nothing: print a Go program that does the same")
}

// any reports whether nothing is to be sent.
func (i *instead) any() bool { return i.offline || i.curl || i.source }

// single refuses several things to print. Another is one more flag of the kind.
func (i *instead) single(another bool) error {
	n := 0
	for _, is := range []bool{i.offline, i.curl, i.source, another} {
		if is {
			n++
		}
	}
	if n > 1 {
		return errors.New("of --offline, --curl, --go and --print only one can be given")
	}
	return nil
}

// job is a request that is ready to be sent, or to be printed.
type job struct {
	method, url string
	options     []session.Option
	req         *items.Request // what --print=B shows
	// asked is the request as a curl command has it; nil means that the rest
	// tells.
	asked *curlconv.Request
	unix  string // path of a socket, or empty
}

// printInstead prints a request as the flags say.
func (s *send) printInstead(ctx context.Context, j job) error {
	if s.instead.offline {
		return s.offline(ctx, j)
	}
	asked, sent := j.asked, j.asked
	if asked == nil {
		var err error
		if asked, sent, err = s.describe(ctx, j); err != nil {
			return err
		}
	}
	if s.instead.curl {
		text, err := s.plain(sent).Curl()
		return s.printText(text, err)
	}
	return s.printText(strings.TrimSuffix(gosrc.Program(s.plain(asked)), "\n"), nil)
}

// plain hides the secrets of a request unless they are asked for.
func (s *send) plain(r *curlconv.Request) *curlconv.Request {
	if s.secrets {
		return r
	}
	r, changed := r.Redact()
	if changed {
		s.app.notice("secrets are printed as ***; --show-secrets prints them as they are")
	}
	return r
}

// printText prints a text with a line end, in a form that no terminal acts on.
func (s *send) printText(text string, err error) error {
	if err != nil {
		return usage(err)
	}
	out := s.app.safeOut()
	_, err = io.WriteString(out, text+"\n")
	return errors.Join(err, out.Close())
}

// safeOut is standard output, harmless for a terminal if it is one.
func (a *app) safeOut() io.WriteCloser {
	if a.OutTTY {
		return render.NewEscaper(a.Out)
	}
	return nopCloser{a.Out}
}

// nopCloser is a writer that is not ours to close.
type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// describe has the library make the request without sending it, and returns the
// request as it was asked for and as it would be sent.
func (s *send) describe(ctx context.Context, j job) (asked, sent *curlconv.Request, err error) {
	sess, err := s.net.session(connector.Config{}, func(http.RoundTripper) http.RoundTripper { return notSent{} })
	if err != nil {
		return nil, nil, err
	}
	defer sess.Close()
	resp, err := sess.Request(ctx, j.method, j.url, j.options...)
	if err != nil {
		return nil, nil, err
	}
	made := resp.Request
	asked = s.common(made, j)
	for _, h := range j.req.Headers {
		asked.Headers = append(asked.Headers, curlconv.Header{Name: h.Name, Value: h.Value, Unset: h.Unset})
	}
	sent = s.common(made, j)
	sent.Headers, sent.Compressed = automatic(made)
	switch made.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
	default:
		sent.HasBody = true // be it an empty one, whose length is sent
	}
	_, asked.Compressed = sent.Header("Accept-Encoding")
	if _, own := asked.Header("Accept-Encoding"); own {
		asked.Compressed = false
	}
	for _, name := range []string{"Authorization", "Content-Type"} { // from the URL, and from the body
		if value, ok := sent.Header(name); ok && !slices.ContainsFunc(asked.Headers, func(h curlconv.Header) bool {
			return strings.EqualFold(h.Name, name)
		}) {
			asked.Headers = append(asked.Headers, curlconv.Header{Name: name, Value: value})
		}
	}
	return asked, sent, resp.Close()
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
		Body: j.req.Body, BodyFile: j.req.BodyFile, HasBody: j.req.HasBody,
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
	if total := time.Duration(n.total); total > 0 && total != session.DefaultTotal {
		r.Timeout = total
	}
	if connect := time.Duration(n.connect); connect > 0 {
		r.Connect = connect
	}
}

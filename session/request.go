package session

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Get requests a representation of url. (aiohttp: ClientSession.get)
func (s *Session) Get(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodGet, url, opts...)
}

// Head is Get without the body. It follows no redirects unless [Redirects] says
// so. (aiohttp: ClientSession.head)
func (s *Session) Head(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodHead, url, opts...)
}

// Post sends a body. (aiohttp: ClientSession.post)
func (s *Session) Post(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodPost, url, opts...)
}

// Put replaces a resource. (aiohttp: ClientSession.put)
func (s *Session) Put(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodPut, url, opts...)
}

// Patch changes a resource in part. (aiohttp: ClientSession.patch)
func (s *Session) Patch(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodPatch, url, opts...)
}

// Delete removes a resource. (aiohttp: ClientSession.delete)
func (s *Session) Delete(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodDelete, url, opts...)
}

// Options asks what can be done with a resource. (aiohttp: ClientSession.options)
func (s *Session) Options(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.Request(ctx, http.MethodOptions, url, opts...)
}

// Request sends a request and returns the response once its head is there.
// Reading the body to its end, or closing it, gives the connection back. ctx
// counts until then: if it ends, the request fails at once, wherever it is.
//
// The method may be any token; it is sent in upper case. The URL is sent as it
// is written; what RFC 3986 does not allow in it is escaped, see [ParseURL]. On an error there is nothing to close. (aiohttp:
// ClientSession.request)
func (s *Session) Request(ctx context.Context, method, url string, opts ...Option) (*Response, error) {
	c := s.newCall(len(opts) > 0)
	defer c.finishUnanswered()
	if err := c.prepareCall(ctx, method, url, opts); err != nil {
		c.discardUnsent()
		c.failed = true
		return nil, c.noteFailure(errors.Wrap(c.method, c.url, err))
	}
	return c.sendAndFollow()
}

// prepareCall applies the options and checks the call. Nothing has been sent when it
// returns.
func (c *call) prepareCall(ctx context.Context, method, rawURL string, opts []Option) error {
	c.method = upperMethod(method)
	s := c.s
	var bad error
	if len(opts) > 0 {
		bad = c.opts.applyAll(opts) // first of all, for there may be a body to close
	}
	wrong := c.locate(rawURL)
	switch {
	case ctx == nil:
		return &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	case s.refusesCall():
		return errors.ErrSessionClosed
	case !isToken(c.method):
		return &errors.InvalidRequestError{Field: "method", Reason: "not a token"}
	case wrong != nil:
		return wrong
	case s.base.broken != nil:
		return s.base.broken
	case bad != nil:
		return bad
	}
	if c.method == http.MethodHead && !c.opts.hopsSet {
		c.changeOptions().hops = -1
	}
	return c.resolveRequest(ctx)
}

// locate finds the URL of the call. Every error of the call names it.
func (c *call) locate(rawURL string) error {
	if parsePlain(rawURL, &c.address) {
		c.url = &c.address
		return nil
	}
	u, err := parseURL(c.s.baseURL, rawURL)
	if err == nil {
		c.url = u
	}
	return err
}

// sendAndFollow sends the request and follows its redirects.
func (c *call) sendAndFollow() (*Response, error) {
	if c.trace != nil {
		c.trace.requestStart(c.changeOptions().ownHeader())
		if broken := c.trace.panicError(); broken != nil {
			c.discardUnsent()
			return nil, c.failCall(broken)
		}
	}
	via := c.chooseTransport()
	req, err := c.firstRequest()
	for err == nil {
		var resp *http.Response
		c.sent = req
		c.trace.beginHop(req)
		if resp, err = via.RoundTrip(req); err != nil {
			break
		}
		if resp, err = checkResponse(req, resp); err != nil {
			break
		}
		if c.s.connector == nil || c.passesMiddleware() {
			resp.Header = httprule.Canonical(resp.Header)
		}
		c.storeCookies(resp)
		var next *http.Request
		if next, err = c.nextHop(resp); err != nil {
			break
		}
		if next == nil {
			c.inspectedCall().answered(resp.StatusCode)
			r, err := c.makeResponse(resp)
			c.answered = err == nil
			return r, err
		}
		next.Response = resp
		req = next
		c.inspectedCall().nextHop(c)
	}
	err = c.contextCause(err)
	c.finish()
	if c.sent != nil { // else it was not the wire
		err = classify.ForeignFailure(err, c.sent)
	}
	return nil, c.failCall(err)
}

// checkResponse fills in the Body and the Header that a RoundTripper has left nil, as
// mocks do. A response without a valid status is an error.
func checkResponse(req *http.Request, resp *http.Response) (*http.Response, error) {
	switch {
	case resp == nil:
		return nil, errors.New("the RoundTripper returned neither a response nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if !httprule.IsStatus(resp.StatusCode) {
		resp.Body.Close() // the status is the error
		return nil, classify.BadHead(fmt.Errorf("malformed status: %d", resp.StatusCode), classify.Exchange{Host: req.URL.Host, Info: classify.RequestInfo(req)})
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	return resp, nil
}

// failCall is the error of a call, told to the traces.
func (c *call) failCall(err error) error {
	c.failed = true
	if broken := c.trace.panicError(); broken != nil {
		err = broken
	}
	err = errors.Wrap(c.method, c.url, err)
	c.trace.requestException(err)
	return c.noteFailure(err)
}

// contextCause returns the total timeout in place of err if that is why the call's own
// context has ended: see totalContext. It must be called before finish, which ends that
// context too.
func (c *call) contextCause(err error) error {
	if c.total == nil || errors.Is(err, errors.ErrTotalTimeout) {
		return err
	}
	if cause := c.total.timeoutCause(); cause != nil {
		return cause
	}
	return err
}

// blankRequest is what every request starts from.
var blankRequest = http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// firstRequest builds the request of the first hop.
func (c *call) firstRequest() (*http.Request, error) {
	c.addCookies()
	c.req = *blankRequest.WithContext(c.hopContext())
	return &c.req, c.fillRequest(&c.req)
}

// fillRequest sets the fields of the request for the present hop.
func (c *call) fillRequest(req *http.Request) error {
	o := c.opts
	req.Method, req.URL, req.Header = c.method, c.url, o.header
	req.Host = c.askedHost()
	applyNative(o.native, req)
	return c.attachBody(req)
}

// askedHost is the host that the present hop asks for.
func (c *call) askedHost() string {
	if c.opts.host != "" {
		return c.opts.host
	}
	return hostHeader(c.url)
}

// attachBody gives the request its body, or says that it has none.
func (c *call) attachBody(req *http.Request) error {
	b := c.opts.body
	if b == nil {
		if expectsBody(req.Method) {
			req.Body, req.TransferEncoding = http.NoBody, identity
		}
		return nil
	}
	if b.contentType != "" && c.opts.auto&autoContentType != 0 && req.Header["Content-Type"] == nil {
		c.setContentType(b.contentType)
		req.Header = c.opts.header
	}
	body, err := c.openBody()
	if err != nil {
		return err
	}
	req.Body, req.ContentLength = body, b.length
	if c.opts.wire != nil {
		c.opts.wire.applyFraming(req)
	}
	if !b.once {
		req.GetBody = c.openBody
	}
	if b.length == 0 && req.ContentLength == 0 && expectsBody(req.Method) {
		req.TransferEncoding = identity
	}
	return nil
}

// setContentType adds the header of the body. Requests with JSON share one map if
// they have no other header of their own.
func (c *call) setContentType(value string) {
	if o := c.changeOptions(); o.owned || value != jsonType {
		o.ownHeader()["Content-Type"] = []string{value}
		return
	}
	c.opts.header = c.s.jsonHeader()
}

// identity makes net/http write a Content-Length of zero. It is never changed.
var identity = []string{"identity"}

func (c *call) openBody() (io.ReadCloser, error) {
	b := c.opts.body
	body, err := b.open()
	if err != nil {
		return nil, err
	}
	if body != http.NoBody && (c.opts.progress != nil || c.trace.watchesChunks()) {
		body = c.watchUpload(body, b.length)
	}
	return body, nil
}

// upperMethod is a method in upper case, of the letters of ASCII only: no other is a token.
func upperMethod(method string) string {
	if method == http.MethodGet || method == http.MethodPost {
		return method // most are that
	}
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, cmp.Or(method, http.MethodGet))
}

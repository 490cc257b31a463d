package session

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
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
// is written. On an error there is nothing to close. (aiohttp:
// ClientSession.request)
func (s *Session) Request(ctx context.Context, method, url string, opts ...Option) (*Response, error) {
	c := &call{s: s, opts: s.base, start: time.Now()}
	if err := c.prepare(ctx, method, url, opts); err != nil {
		c.discard()
		return nil, errors.Wrap(c.method, c.url, err)
	}
	return c.run()
}

// call is one call of the session, with all its hops and its response.
type call struct {
	s      *Session
	opts   options
	method string
	url    *url.URL
	start  time.Time
	ctx    callContext
	cancel context.CancelFunc // of the total timeout where a context keeps it
	record connector.Recorder
	trace  *tracing
	watch  watch

	transport http.RoundTripper

	req     http.Request // of the first hop
	sent    *http.Request
	resp    Response
	history []*Response
	hops    int
	first   *errors.RequestInfo // of the first hop, if there were several

	cookieHeader []string // the caller's own
}

// prepare settles what the call will do, and refuses what it cannot.
func (c *call) prepare(ctx context.Context, method, rawURL string, opts []Option) error {
	c.method = upper(method)
	s := c.s
	bad := c.opts.applyAll(opts) // first of all, for there may be a body to close
	switch {
	case ctx == nil:
		return &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	case s.Closed():
		return errors.ErrSessionClosed
	}
	if !isToken(c.method) {
		return &errors.InvalidRequestError{Field: "method", Reason: "not a token"}
	}
	u, err := parseURL(s.baseURL, rawURL)
	if err != nil {
		return err
	}
	c.url = u
	if s.base.broken != nil {
		return s.base.broken
	}
	if bad != nil {
		return bad
	}
	if c.method == http.MethodHead && !c.opts.hopsSet {
		c.opts.hops = -1
	}
	return c.settle(ctx)
}

// settle brings URL, credentials and times into their final form.
func (c *call) settle(ctx context.Context) error {
	o := &c.opts
	if o.query != "" {
		if c.url.RawQuery != "" {
			o.query = c.url.RawQuery + "&" + o.query
		}
		c.url.RawQuery, c.url.ForceQuery = o.query, false
	}
	if o.header["Range"] != nil && o.auto&autoAcceptEncoding != 0 {
		// A part of an encoded representation cannot be decoded.
		delete(o.own(), "Accept-Encoding")
	}
	if value, ok := takeUser(c.url); ok {
		if o.header["Authorization"] != nil {
			return &errors.InvalidRequestError{Field: "Authorization", Reason: "given as a header and in the URL"}
		}
		o.setHeader("Authorization", value)
	}
	if err := o.settleBoundary(); err != nil {
		return err
	}
	if err := o.settleCompress(); err != nil {
		return err
	}
	if o.header["Content-Length"] != nil {
		if err := c.settleLength(); err != nil {
			return err
		}
	}
	return c.settleTime(ctx)
}

// settleTime sets the deadline of the whole call, and the context that carries
// it to the connector.
func (c *call) settleTime(ctx context.Context) error {
	t := settle(c.opts.timeout, DefaultTimeout())
	c.settleRare()
	c.ctx = callContext{connector.RequestContext{Context: ctx, Settings: connector.Settings{
		Timeout: t, Started: c.start, Recorder: &c.record,
	}}, c.s}
	c.ctx.Settings.Timeout.Total = -1 // the deadline says it for all hops
	if t.Total > 0 {
		c.ctx.Settings.Deadline = c.start.Add(t.Total)
		if c.transport != http.RoundTripper(c.s.connector) {
			c.ctx.Context, c.cancel = deadlineContext(ctx, c.ctx.Settings.Deadline, t.Total)
		}
	}
	if len(c.s.traces) > 0 {
		c.trace = newTracing(c)
		c.ctx.Context, c.ctx.Settings.Trace = c.trace.attach(c.ctx.Context)
	}
	c.ctx.Settings.TrustEnv = c.s.trustEnv
	if w := c.opts.wire; w != nil {
		if err := w.settle(&c.ctx.Settings); err != nil {
			return err
		}
		if c.s.connector == nil {
			if err := w.foreign(); err != nil {
				return err
			}
		}
	}
	if c.s.connector == nil {
		return foreignTimeout(c.opts.timeout)
	}
	return nil
}

// run sends the request and follows its redirects.
func (c *call) run() (*Response, error) {
	if c.trace != nil {
		c.trace.start(c.opts.own())
		if broken := c.trace.err(); broken != nil {
			c.discard()
			return nil, c.failed(broken)
		}
	}
	req, err := c.firstRequest()
	for err == nil {
		var resp *http.Response
		c.sent = req
		if resp, err = c.transport.RoundTrip(req); err != nil {
			break
		}
		if resp, err = whole(resp); err != nil {
			break
		}
		c.s.storeCookies(resp, c)
		var next *http.Request
		if next, err = c.redirect(resp); err != nil {
			break
		}
		if next == nil {
			return c.respond(resp)
		}
		next.Response = resp
		req = next
	}
	c.end()
	return nil, c.failed(err)
}

// whole makes good for a RoundTripper that leaves out what is empty, as mocks do.
func whole(resp *http.Response) (*http.Response, error) {
	switch {
	case resp == nil:
		return nil, errors.New("the RoundTripper returned neither a response nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	return resp, nil
}

// failed is the error of a call, told to the traces.
func (c *call) failed(err error) error {
	if broken := c.trace.err(); broken != nil {
		err = broken
	}
	err = errors.Wrap(c.method, c.url, c.contextCause(err))
	c.trace.exception(err)
	return err
}

// contextCause finds the class of an error that came from the context which
// keeps the total timeout for foreign RoundTrippers.
func (c *call) contextCause(err error) error {
	if c.cancel == nil || errors.Is(err, errors.ErrTotalTimeout) || c.ctx.Context.Err() == nil {
		return err
	}
	if cause := context.Cause(c.ctx.Context); errors.Is(cause, errors.ErrTotalTimeout) {
		return cause
	}
	return err
}

// firstRequest builds the request of the first hop.
func (c *call) firstRequest() (*http.Request, error) {
	o := &c.opts
	c.addCookies()
	tmpl := http.Request{
		Method: c.method, URL: c.url, Host: o.host, Header: o.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if tmpl.Host == "" {
		tmpl.Host = hostHeader(c.url)
	}
	c.req = *tmpl.WithContext(&c.ctx)
	applyNative(o.native, &c.req)
	return &c.req, c.attachBody(&c.req)
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
		c.opts.wire.frame(req)
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
	if o := &c.opts; o.owned || value != jsonType {
		o.own()["Content-Type"] = []string{value}
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
	if body != http.NoBody && (c.opts.progress != nil || c.trace.watches()) {
		body = c.watched(body, b.length)
	}
	return body, nil
}

// settleLength takes a Content-Length header of the caller's as the length of a
// body that does not know its own. net/http writes the header, and makes it an
// error if the body turns out to be shorter or longer.
func (c *call) settleLength() error {
	o := &c.opts
	values := o.header["Content-Length"]
	delete(o.own(), "Content-Length")
	n, err := strconv.ParseInt(values[len(values)-1], 10, 64)
	length := int64(0)
	if o.body != nil {
		length = o.body.length
	}
	switch {
	case o.wire != nil && o.wire.chunked:
		return &errors.InvalidRequestError{Field: "header Content-Length", Reason: "cannot be set together with Chunked"}
	case err != nil || length >= 0 && length != n:
		return &errors.InvalidRequestError{Field: "header Content-Length", Reason: "not the length of the body"}
	case length < 0:
		b := *o.body
		b.length = n
		o.body = &b
	}
	return nil
}

// discard gives up a call of which nothing was sent.
func (c *call) discard() {
	if b := c.opts.body; b != nil && b.discard != nil {
		b.discard()
	}
	c.end()
}

// end gives back what the call holds beside the connection.
func (c *call) end() {
	c.finishBody()
	if c.cancel != nil {
		c.cancel()
	}
	if c.trace != nil {
		c.trace.cancel(nil)
	}
	if c.s.oneShot {
		c.s.Close() // always nil
	}
}

// finishBody says that the body will not be sent again.
func (c *call) finishBody() {
	if b := c.opts.body; b != nil && b.finish != nil {
		b.finish()
	}
}

func upper(method string) string {
	for i := range len(method) {
		if b := method[i]; 'a' <= b && b <= 'z' {
			return string(appendUpper(nil, method))
		}
	}
	if method == "" {
		return http.MethodGet
	}
	return method
}

func appendUpper(dst []byte, s string) []byte {
	for i := range len(s) {
		b := s[i]
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return dst
}

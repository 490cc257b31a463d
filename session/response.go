package session

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// DefaultMaxBuffered is how much [Response.Bytes] and the methods that build on
// it hold in memory, unless [MaxBodySize] says otherwise: 256 MiB.
const DefaultMaxBuffered = 256 << 20

// errorBody is how much of a body an error keeps.
const errorBody = 4 << 10

// errorBodyTime is how long an error waits for that.
const errorBodyTime = time.Second

// Response is a response whose head has arrived (aiohttp: ClientResponse). It
// is net/http's, with a body that is decoded, bounded, and fails with errors of
// the tree.
//
// Reading the body to its end gives the connection back, and so does Close.
// One of both must happen. A Response is used by one goroutine at a time, but
// Close may be called from any.
type Response struct {
	*http.Response
	call   *call    // nil for a response of the history
	past   *pastHop // of a response of the history; nil for others
	url    *url.URL
	body   responseBody
	stream *StreamReader
	data   []byte // the whole body, once it was read
	full   bool
	closed atomic.Bool
}

// makeResponse makes the call's Response of net/http's, and checks it.
func (c *call) makeResponse(native *http.Response) (*Response, error) {
	r := &c.resp
	if c.ctx.watched.Load() {
		r = new(Response) // the connector holds the call, which must not hold this
	}
	r.Response, r.call, r.url = native, c, c.url
	if native.Request == nil {
		native.Request = c.sent
	}
	c.openResponse(r)
	if check := c.opts.check; check != nil {
		if err := runCheck(check, r); err != nil {
			err = c.contextCause(err)
			r.Close() // the status is the error
			return nil, c.failCall(err)
		}
	}
	if c.trace != nil {
		c.trace.requestEnd(native)
		if broken := c.trace.panicError(); broken != nil {
			r.Close() // the panic is the error
			return nil, c.failCall(broken)
		}
	}
	return r, nil
}

// runCheck checks a response, and closes it if the check panics.
func runCheck(check func(*Response) error, r *Response) error {
	returned := false
	defer func() {
		if !returned {
			r.Close() // the panic is the error
		}
	}()
	err := check(r)
	returned = true
	return err
}

func (c *call) requestInfo() errors.RequestInfo {
	return errors.RequestInfo{
		Method: c.method, URL: withoutFragment(c.url), RealURL: c.url, Header: httprule.SentHeader(c.sent.Header),
	}
}

func withoutFragment(u *url.URL) *url.URL {
	if u.Fragment == "" {
		return u
	}
	plain := *u
	plain.Fragment, plain.RawFragment = "", ""
	return &plain
}

// OK reports whether the status is below 400. (aiohttp: ok)
func (r *Response) OK() bool { return r.StatusCode < http.StatusBadRequest }

// Reason is the status's text as the server sent it, possibly empty.
// (aiohttp: reason)
func (r *Response) Reason() string {
	_, reason, _ := strings.Cut(r.Status, " ")
	return reason
}

// URL is where the response came from, after redirects and without a fragment.
// It must not be changed. (aiohttp: url)
func (r *Response) URL() *url.URL { return withoutFragment(r.url) }

// RealURL is URL with its fragment. (aiohttp: real_url)
func (r *Response) RealURL() *url.URL { return r.url }

// History holds the redirects that led here, the oldest first; their bodies are
// closed. Each has its own Timing, Connection and RawHeaders. (aiohttp: history)
func (r *Response) History() []*Response {
	if r.call == nil {
		return nil
	}
	return r.call.redirectHistory()
}

// RequestInfo tells what was asked, as it was sent on the last hop.
// (aiohttp: request_info)
func (r *Response) RequestInfo() errors.RequestInfo {
	if r.call == nil {
		return errors.RequestInfo{
			Method: r.Request.Method, URL: withoutFragment(r.url), RealURL: r.url, Header: httprule.SentHeader(r.Request.Header),
		}
	}
	return r.call.requestInfo()
}

// Timing tells where the time of the hop went, which is the last one if the response
// is none of the [Response.History]. Body and Total are there once the body was read or
// closed. It is zero with a foreign Transport, and if a middleware has answered without
// the connector.
func (r *Response) Timing() Timing {
	switch {
	case r.past != nil:
		return r.past.timing
	case r.call == nil || r.call.recorder() == nil:
		return Timing{}
	}
	return r.call.recorder().Timing()
}

// Connection tells of the connection that served the hop. It is zero where
// [Response.Timing] is. (aiohttp: ClientResponse.connection)
func (r *Response) Connection() connector.ConnInfo {
	switch {
	case r.past != nil:
		return r.past.conn
	case r.call == nil || r.call.recorder() == nil:
		return connector.ConnInfo{}
	}
	return r.call.recorder().Conn()
}

// RawHeaders returns the fields of the response's head as they came, if the
// option [RawHeaders] was given and the response is not one of HTTP/2.
// (aiohttp: ClientResponse.raw_headers)
func (r *Response) RawHeaders() []connector.RawHeader { return r.Connection().RawHeaders }

// ContentType is the media type without its parameters, in lower case, and
// application/octet-stream if the header says none. (aiohttp: content_type)
func (r *Response) ContentType() string {
	media, _ := charset.Parse(r.Header.Get("Content-Type"))
	return media
}

// Charset is the charset that the header names, or "". (aiohttp: charset)
func (r *Response) Charset() string {
	_, name := charset.Parse(r.Header.Get("Content-Type"))
	return name
}

// Content is the body as a stream with the reading methods of aiohttp's
// StreamReader. It and Body are the same bytes: use one of them. Bytes, Text and
// JSON read what Content has left, and Content what they have kept. That of a 101
// is no stream: reading it is refused, and closes it. (aiohttp: content)
func (r *Response) Content() *StreamReader {
	if r.stream == nil {
		ahead := 0
		if r.call != nil && r.call.opts.client != nil {
			ahead = r.call.opts.client.readBuffer
		}
		src := r.Body
		switch {
		case r.full:
			src = io.NopCloser(r.bodySource())
		case r.isUpgraded():
			src = &refusedBody{r}
		}
		r.stream = newStreamReader(src, ahead)
		r.stream.chunks = r.call != nil && r.call.opts.wire != nil && r.call.opts.wire.httpChunks
	}
	return r.stream
}

// Bytes reads the whole body, and keeps it: it can be called again, and Text and
// JSON after it. The slice belongs to the response. That of a 101 is a connection,
// which is refused, as by all that read a body to its end, and closed.
// (aiohttp: read)
func (r *Response) Bytes() ([]byte, error) {
	if r.full {
		return r.data, nil
	}
	if err := r.refuseUpgraded(); err != nil {
		return nil, err
	}
	if r.call != nil && r.call.opts.maxBody == 0 && r.body.limit == 0 {
		r.body.limit = DefaultMaxBuffered
	}
	data, err := r.readAll()
	r.data = data
	if err != nil {
		r.Close() // the error that counts is the reader's
		return nil, err
	}
	r.full = true
	return data, r.Body.Close()
}

// isUpgraded reports whether the body is a connection of another protocol.
func (r *Response) isUpgraded() bool {
	return r.Response != nil && r.StatusCode == http.StatusSwitchingProtocols
}

// refuseUpgraded refuses and closes a body that is a connection: nothing bounds it, neither a
// timeout nor MaxBodySize.
func (r *Response) refuseUpgraded() error {
	if !r.isUpgraded() {
		return nil
	}
	r.Close() // the error that counts is this one
	return r.wrapError(&errors.InvalidRequestError{Field: "response", Reason: "a 101 is a connection, which has no body to read"})
}

// refusedBody is the body of a 101 in [Response.Content]: every Read is an error.
type refusedBody struct{ r *Response }

func (b *refusedBody) Read([]byte) (int, error) { return 0, b.r.refuseUpgraded() }
func (b *refusedBody) Close() error             { return b.r.Close() }

// readAll is io.ReadAll with a first guess at the size: the Content-Length, but at most
// 1 MiB, because the peer may claim anything.
func (r *Response) readAll() ([]byte, error) {
	size := int64(bytes.MinRead)
	if r.ContentLength > 0 && r.body.decoding == nil {
		size = min(r.ContentLength+1, 1<<20)
	}
	buf := make([]byte, 0, size)
	src := r.bodySource()
	for {
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// Text reads the whole body and decodes it to UTF-8, by the charset of its
// Content-Type. JSON is UTF-8 unless it says otherwise; of a text with an unknown
// charset or none it is [Config].FallbackCharset that decides, or UTF-8. Bytes that
// are invalid become U+FFFD. (aiohttp: text)
func (r *Response) Text() (string, error) {
	if r.call == nil {
		return r.TextFallback(nil)
	}
	return r.TextFallback(r.call.s.fallback)
}

// JSON reads the whole body and decodes it into v, from the charset that the header
// names, or a byte order mark, as Text does. A body that says to be of another type than
// JSON is a [*errors.ContentTypeError]; one that says nothing is tried. [AnyContentType]
// is for a server that lies.
// (aiohttp: json)
func (r *Response) JSON(v any) error {
	if ct := r.Header.Get("Content-Type"); ct != "" && !charset.IsJSON(r.ContentType()) && !r.takesAnyType() {
		r.Close() // the type is the error
		e := &errors.ContentTypeError{ClientResponseError: r.responseError("not JSON but " + r.ContentType())}
		return e
	}
	data, err := r.Bytes()
	if err != nil {
		return err
	}
	if err := r.jsonDecoder()(charset.UTF8Bytes(r.Charset(), data), v); err != nil {
		return r.wrapError(&errors.ClientPayloadError{Received: int64(len(data)), Expected: -1, Kind: errors.ErrClientPayload, Err: err})
	}
	return nil
}

// takesAnyType reports whether the request has [AnyContentType].
func (r *Response) takesAnyType() bool {
	return r.call != nil && r.call.opts.client != nil && r.call.opts.client.anyType
}

// jsonDecoder is the session's decoder of JSON.
func (r *Response) jsonDecoder() func([]byte, any) error {
	if r.call == nil {
		return json.Unmarshal
	}
	return r.call.s.decode
}

// Decode reads a response as JSON into a new T and closes it. It takes what a
// call returns: a failed call and a status of 400 or more are errors.
//
//	user, err := session.Decode[User](s.Get(ctx, "users/1"))
func Decode[T any](resp *Response, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	defer resp.Close() // read to its end or failed already
	if err := resp.CheckStatus(); err != nil {
		return v, err
	}
	err = resp.JSON(&v)
	return v, err
}

// readStart is what can be had of the body's start within a moment, for a better message.
func (r *Response) readStart() []byte {
	timer := time.AfterFunc(errorBodyTime, func() { r.Body.Close() })
	defer timer.Stop()
	start := make([]byte, errorBody)
	n, _ := io.ReadFull(r.bodySource(), start) // the status is the error
	return start[:n]
}

// CheckStatus returns a [*errors.ClientResponseError] with the start of the body,
// and closes the response, if its status is 400 or more. A server that falls silent in
// that body is waited for a second, and no longer. (aiohttp: raise_for_status)
func (r *Response) CheckStatus() error {
	if r.OK() {
		return nil
	}
	if !r.full && !r.closed.Load() {
		r.data = r.readStart()
		r.Close() // the status is the error
	}
	e := r.responseError(r.Reason())
	e.Body = r.data[:min(len(r.data), errorBody)]
	return &e
}

func (r *Response) responseError(message string) errors.ClientResponseError {
	return errors.ClientResponseError{
		RequestInfo: r.RequestInfo(), History: nativeHistory(r.History()),
		Status: r.StatusCode, Message: message, Header: r.Header,
	}
}

// Close gives the connection back. A short rest of the body that is at hand is
// read, so that the connection can be used again. It is idempotent.
// (aiohttp: close)
func (r *Response) Close() error {
	r.closed.Store(true)
	return r.Body.Close()
}

// Closed reports whether the response has given its connection back: it was closed, or
// its body was read to its end or failed. It may be called from any goroutine. (aiohttp:
// closed)
func (r *Response) Closed() bool {
	return r.closed.Load() || r.call == nil || r.call.ended.Load() && !r.isUpgraded()
}

// Release is Close, under aiohttp's name.
func (r *Response) Release() error { return r.Close() }

func (r *Response) wrapError(err error) error {
	if r.call == nil {
		return err
	}
	return errors.Wrap(r.call.method, r.url, err)
}

package ws

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

const (
	maxErrorBody  = 4 << 10
	errorBodyTime = time.Second
)

// handshake is the transport that the codec's dialer sees. It sends the request
// through the doer, judges the response, and gives the codec a body that is a
// filter rather than the connection.
type handshake struct {
	doer Doer
	opts *Options
	conn *Conn

	resp  *http.Response // of a handshake that passed
	below net.Conn       // the connection that the body reads from, if that is sure
	err   error          // why it did not
}

// dialCodec runs the codec's dialer. Its own errors are those of a request that it
// could not make or of a wrong Sec-WebSocket-Accept.
func (h *handshake) dialCodec(ctx context.Context, u *url.URL) (*websocket.Conn, error) {
	var seen atomic.Pointer[net.Conn]
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { seen.Store(&info.Conn) },
	})
	//nolint:bodyclose // the codec has closed or taken it
	codec, _, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     h,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:   h.opts.Header,
		Host:         h.opts.Header.Get("Host"),
		Subprotocols: h.opts.Protocols,
	})
	switch {
	case err == nil:
	case h.err != nil:
		return nil, errors.Wrap(h.opts.Method, u, h.err)
	case h.resp != nil:
		return nil, h.refusedError(h.resp, "invalid challenge response", nil)
	default:
		return nil, errors.Wrap(h.opts.Method, u, err)
	}
	if nc := seen.Load(); nc != nil {
		h.conn.local, h.conn.remote = (*nc).LocalAddr(), (*nc).RemoteAddr()
		if isNetHTTP(h.doer) {
			h.below = *nc
		}
	}
	return codec, nil
}

// isNetHTTP reports whether a doer is all net/http: then the connection that it
// traces is the one that the body reads from, without anything in between.
func isNetHTTP(doer Doer) bool {
	client, ok := doer.(*http.Client)
	if !ok {
		return false
	}
	_, ok = client.Transport.(*http.Transport)
	return ok || client.Transport == nil
}

// RoundTrip is for the codec's dialer.
func (h *handshake) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.roundTrip(req)
	if err != nil {
		h.err = err
	}
	return resp, err
}

func (h *handshake) roundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Method = h.opts.Method
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Version"} {
		if v, ok := h.opts.Header[name]; ok {
			req.Header[name] = slices.Clone(v)
		}
	}
	req.Header.Del("Host") // it is in req.Host
	if z := h.opts.Compress; z != nil {
		req.Header.Set("Sec-WebSocket-Extensions", z.offer())
	}
	resp, err := h.doer.Do(req)
	if err != nil {
		if outer := (*url.Error)(nil); errors.As(err, &outer) {
			err = outer.Err // it would quote the URL
		}
		return nil, err
	}
	if resp.Request == nil {
		resp.Request = req
	}
	resp.Header = httprule.Canonical(resp.Header) // a Doer of somebody else's may have filled it in
	body := resp.Body
	resp.Body = http.NoBody
	if err := h.checkResponse(resp, body); err != nil { //nolint:contextcheck // the request has the context
		body.Close()
		return nil, err
	}
	h.resp = resp
	passed := *resp
	passed.Header = httprule.Canonical(resp.Header).Clone()
	passed.Header.Del("Sec-WebSocket-Extensions") // judged, and not the codec's work
	passed.Header.Del("Sec-WebSocket-Protocol")
	passed.Body = h.conn.wire
	return &passed, nil
}

// checkResponse checks a response in aiohttp's order, all but the challenge.
func (h *handshake) checkResponse(resp *http.Response, body io.ReadCloser) error {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return h.refusedError(resp, "invalid response status", readStart(resp, body))
	}
	if !strings.EqualFold(strings.TrimSpace(httprule.FieldValue(resp.Header, "Upgrade")), "websocket") {
		return h.refusedError(resp, "invalid upgrade header", nil)
	}
	if !httprule.HasToken(resp.Header, "Connection", "upgrade") {
		return h.refusedError(resp, "invalid connection header", nil)
	}
	rwc, ok := body.(io.ReadWriteCloser)
	if !ok {
		return invalidRequest("websocket doer", "gives the upgraded connection a body that cannot be written to")
	}
	agreed, err := h.opts.Compress.negotiate(resp.Header)
	if err != nil {
		return h.refusedError(resp, err.Error(), nil)
	}
	if h.conn.protocol, err = chosenProtocol(resp.Header, h.opts.Protocols); err != nil {
		return h.refusedError(resp, err.Error(), nil)
	}
	h.conn.wire = newWire(h.conn, rwc, agreed)
	return nil
}

var errProtocol = errors.New("invalid subprotocol: not one of those offered")

// chosenProtocol is the subprotocol that the server has chosen, or "". One that was not
// offered fails the handshake (RFC 6455 4.1, item 6), and so does a second field, which
// must not be there (11.3.4), or a list, which no subprotocol's name can be. They are
// compared byte by byte. A field without a value names none.
func chosenProtocol(header http.Header, offered []string) (string, error) {
	values := httprule.FieldValues(header, "Sec-WebSocket-Protocol")
	if len(values) == 0 {
		return "", nil
	}
	name := strings.TrimSpace(values[0])
	if len(values) > 1 || name != "" && !slices.Contains(offered, name) {
		return "", errProtocol
	}
	return name, nil
}

func (h *handshake) refusedError(resp *http.Response, message string, body []byte) error {
	req := resp.Request
	return &errors.WSServerHandshakeError{ClientResponseError: errors.ClientResponseError{
		RequestInfo: errors.RequestInfo{Method: req.Method, URL: req.URL, RealURL: req.URL, Header: httprule.SentHeader(req.Header)},
		Status:      resp.StatusCode,
		Message:     message,
		Header:      resp.Header,
		Body:        body,
	}}
}

// readStart reads what explains a refusal, as far as it comes soon.
func readStart(resp *http.Response, body io.ReadCloser) []byte {
	ctx, cancel := context.WithTimeout(resp.Request.Context(), errorBodyTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { body.Close() })
	defer stop()
	start, _ := io.ReadAll(io.LimitReader(body, maxErrorBody)) // the refusal is the error
	return start
}

package session

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
)

// LibraryVersion is the version of this library, as the User-Agent header tells it.
const LibraryVersion = "0.1.0"

// Config configures a [Session]. The zero value is ready for use.
type Config struct {
	// BaseURL is what relative URLs of requests are joined to (RFC 3986). It
	// must be absolute and its path must end in a slash. Empty means that
	// requests need absolute URLs. (aiohttp: base_url)
	BaseURL string `print:"url"`
	// Connector makes the connections. Nil means one of the session's own, with
	// the default settings, that is closed with the session. A given one stays
	// its maker's to close, unless OwnConnector is set. (aiohttp: connector)
	Connector *connector.Connector
	// OwnConnector hands a given Connector over to the session, which then
	// closes it. (aiohttp: connector_owner)
	OwnConnector bool
	// Transport takes the place of a Connector: a mock, or the RoundTripper of
	// another library. It excludes Connector, TrustEnv, the timeouts that only a
	// Connector can honour, which are all but Total, and such options: see Mock.
	Transport http.RoundTripper
	// Mock says that the Transport is a stand-in for tests: what only a Connector
	// honours, a given Connector included, is taken and not kept, so that the Config of
	// a program runs in its tests. It needs a Transport.
	Mock bool
	// Jar keeps the cookies. Nil means a fresh [jar.Jar] with its defaults: the
	// public suffix list is on, and hosts that are IP addresses keep no cookies.
	// [jar.Discard] keeps none. (aiohttp: cookie_jar)
	Jar http.CookieJar
	// Cookies are in the jar to begin with, as [jar.Jar.Update] puts them there that is
	// given no URL: one with a Domain is for that, one without is shared, which is to
	// say that every host gets it. They stay as they are. A jar of another kind has no
	// place for them, nor has [jar.Discard]. Nil is none; for one request there is
	// [Cookie]. (aiohttp: cookies)
	Cookies []*http.Cookie
	// Timeout is the default of all requests; zero fields are those of
	// [DefaultTimeout]. (aiohttp: timeout)
	Timeout ClientTimeout
	// Options are applied to every request, before its own. (aiohttp: headers,
	// cookies, auth, raise_for_status, skip_auto_headers)
	Options []Option
	// Middleware wraps the sending of every request, and again of every hop of
	// a redirect; the first is the outermost. (aiohttp: middlewares)
	Middleware []middleware.Middleware
	// Innermost stands below all other middlewares, those of a request included, and below
	// the jar; [Middlewares] does not take it away. So it sees exactly what goes to the
	// Connector or the Transport, once for each attempt and each hop: it is for telemetry.
	// Nil is none.
	Innermost middleware.Middleware
	// Trace is told what every request does. (aiohttp: trace_configs)
	Trace []*Trace
	// EncodeJSON is used by [JSON], DecodeJSON by [Response.JSON] and what builds
	// on it. Nil means encoding/json. (aiohttp: json_serialize, json_serialize_bytes)
	EncodeJSON func(any) ([]byte, error)
	DecodeJSON func([]byte, any) error
	// FallbackCharset names the charset of a text that does not say its own. Nil
	// means UTF-8. (aiohttp: fallback_charset_resolver)
	FallbackCharset CharsetResolver
	// Codecs undo and do content codings beside those of the library, or in their
	// place. (aiohttp: set_zlib_backend)
	Codecs []Codec
	// TrustEnv takes proxies and credentials from the environment and the user's
	// netrc file, anew for each hop: see [connector.Config]. (aiohttp: trust_env)
	TrustEnv bool
	// SensitiveHeaders names headers beyond Authorization, Cookie and
	// Proxy-Authorization that a redirect to another origin must not take
	// along, such as X-Api-Key. Package middleware hides them in logs and archives,
	// and a cache takes them for the name of a user.
	SensitiveHeaders []string
}

// Session makes requests (aiohttp: ClientSession). It keeps cookies and default
// settings, follows redirects, and bounds the time that a request takes.
//
// A Session is safe for concurrent use. Close it when it is no longer needed.
type Session struct {
	*core
	base    options // what a request starts from
	oneShot bool    // it ends with its only response
	inner   bool    // its calls are part of another one
	stage   atomic.Int32
	calls   tally
	json    atomic.Pointer[http.Header] // see jsonHeader
}

// core is what a session shares with those derived from it.
type core struct {
	baseURL   *url.URL
	connector *connector.Connector // nil with a foreign Transport
	owned     *connector.Connector // closed with the session; nil: none
	transport http.RoundTripper    // with the middlewares around it
	bare      http.RoundTripper    // without
	kept      http.RoundTripper    // what is below them: bare, with cookies
	wrapped   bool                 // whether there are any
	traces    []*Trace
	decode    func([]byte, any) error
	fallback  CharsetResolver
	jar       http.CookieJar
	// keepsCookies says that the jar may ever have any.
	keepsCookies bool
	sensitive    []string
	trustEnv     bool
	mock         bool                      // what only a connector honours is not refused
	root         *Session                  // the one that New made
	inspector    atomic.Pointer[Inspector] // nil: nobody has asked
}

// New returns a Session. The Config is copied. The error is an
// [errors.InvalidRequestError] or an [errors.InvalidURLError].
func New(cfg Config) (*Session, error) {
	base, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &core{baseURL: base, connector: cfg.Connector, jar: cfg.Jar, trustEnv: cfg.TrustEnv, mock: cfg.Mock}
	s := &Session{core: c, base: baseOptions(cfg.Timeout)}
	s.base.encode = cfg.EncodeJSON
	if s.base.encode == nil {
		s.base.encode = json.Marshal
	}
	c.root = s
	if cfg.OwnConnector {
		c.owned = cfg.Connector
	}
	if err := s.base.applyAll(cfg.withCodecs()); err != nil {
		return nil, err
	}
	if err := s.base.checkReusable(); err != nil {
		return nil, err
	}
	s.base.shareHeader()
	for _, t := range cfg.Trace {
		if t != nil {
			c.traces = append(c.traces, t)
		}
	}
	c.decode, c.fallback = cfg.DecodeJSON, cfg.FallbackCharset
	if c.decode == nil {
		c.decode = json.Unmarshal
	}
	for _, name := range cfg.SensitiveHeaders {
		c.sensitive = append(c.sensitive, http.CanonicalHeaderKey(name))
	}
	if c.jar == nil {
		c.jar = jar.New(jar.Config{})
	}
	_, discards := c.jar.(jar.Discard)
	c.keepsCookies = !discards
	if err := c.checkCookies(cfg.Cookies); err != nil {
		return nil, err
	}
	if err := c.setTransport(&cfg); err != nil {
		return nil, err
	}
	if j, ok := c.jar.(updateJar); ok {
		j.Update(cfg.Cookies, nil)
	}
	return s, nil
}

// setTransport chooses the RoundTripper of the session, and puts the middlewares around
// it.
func (c *core) setTransport(cfg *Config) error {
	rt := cfg.Transport
	switch {
	case rt == nil && cfg.Mock:
		return &errors.InvalidRequestError{Field: "Mock", Reason: "needs a Transport"}
	case rt != nil && cfg.Mock:
		rt, c.connector = &foreignTransport{rt}, nil
	case rt != nil && cfg.Connector != nil:
		return &errors.InvalidRequestError{Field: "Transport", Reason: "cannot be set together with Connector"}
	case rt != nil && cfg.TrustEnv:
		return &errors.InvalidRequestError{Field: "TrustEnv", Reason: "needs a Connector"}
	case rt != nil:
		if err := c.root.base.checkForeign(); err != nil {
			return err
		}
		rt = &foreignTransport{rt}
	default:
		if c.connector == nil {
			conn, err := connector.New(connector.Config{})
			if err != nil {
				return err
			}
			c.connector, c.owned = conn, conn
		}
		rt = c.connector
	}
	if cfg.Innermost != nil {
		rt = cfg.Innermost(rt)
	}
	c.bare, c.transport, c.kept = rt, rt, rt
	if c.keepsCookies {
		c.kept = &cookieKeeper{rt}
	}
	end := &innermost{c.kept, c}
	if first := middleware.Chain(end, cfg.Middleware...); first != http.RoundTripper(end) {
		c.transport, c.wrapped = first, true
	}
	return nil
}

// foreignTransport is a Transport whose errors have the classes of the connector's, for
// the middlewares too.
type foreignTransport struct{ rt http.RoundTripper }

// RoundTrip passes the request on.
func (t *foreignTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.rt.RoundTrip(req)
	if err != nil {
		err = classify.ForeignFailure(err, req)
	}
	return resp, err
}

// checkForeign refuses what a foreign Transport cannot keep.
func (o *options) checkForeign() error {
	if max(o.timeout.Connect, o.timeout.SockConnect, o.timeout.SockRead) > 0 {
		return &errors.InvalidRequestError{Field: "Timeout", Reason: "only Total works without a Connector"}
	}
	if o.wire == nil {
		return nil
	}
	return o.wire.checkForeign()
}

func baseOptions(t ClientTimeout) options {
	return options{
		header: http.Header{
			"User-Agent":      {"aiolos/" + LibraryVersion},
			"Accept":          {"*/*"},
			"Accept-Encoding": {"gzip, deflate, br, zstd"},
		},
		owned:   true,
		auto:    autoUserAgent | autoAccept | autoAcceptEncoding | autoContentType,
		hops:    DefaultRedirects,
		timeout: t,
	}
}

// checkReusable refuses defaults that can serve only one request.
func (o *options) checkReusable() error {
	if o.body != nil && (o.body.once || o.body.closes) {
		return &errors.InvalidRequestError{Field: "Options", Reason: "a body that can be sent only once"}
	}
	return nil
}

// With returns a session that applies opts to every request, after the options
// of s and before the request's own. It shares everything else with s: the
// connector, the jar, and the end, for it is closed with s. Its own Close ends
// only itself. If an option is bad, every request of the new session says so.
func (s *Session) With(opts ...Option) *Session {
	d := &Session{core: s.core, base: s.base}
	d.base.owned = false
	err := d.base.applyAll(opts)
	if err == nil {
		err = d.base.checkReusable()
	}
	if err == nil && s.connector == nil && !s.mock {
		err = d.base.checkForeign()
	}
	d.base.shareHeader()
	d.base.broken = err
	d.stage.Store(s.stage.Load())
	return d
}

// jsonHeader is what a request with JSON starts from. It is not to be changed.
func (s *Session) jsonHeader() http.Header {
	if h := s.json.Load(); h != nil {
		return *h
	}
	h := s.base.header.Clone()
	h["Content-Type"] = []string{jsonType}
	s.json.Store(&h)
	return h
}

// Connector returns the session's connector, or nil if it has a foreign
// Transport.
func (s *Session) Connector() *connector.Connector { return s.connector }

// Jar returns the session's cookie jar. (aiohttp: cookie_jar)
func (s *Session) Jar() http.CookieJar { return s.jar }

// Timeout returns the timeouts of requests that set none. (aiohttp: timeout)
func (s *Session) Timeout() ClientTimeout { return mergeTimeouts(s.base.timeout, DefaultTimeout()) }

// Header returns a copy of the headers that every request starts with.
// (aiohttp: headers)
func (s *Session) Header() http.Header { return s.base.header.Clone() }

// BaseURL returns a copy of the base URL, or nil.
func (s *Session) BaseURL() *url.URL {
	if s.baseURL == nil {
		return nil
	}
	u := *s.baseURL
	return &u
}

// Closed reports whether the session, or the one that it was derived from, is
// closed or being shut down, or its connector is closed.
func (s *Session) Closed() bool {
	return s.stage.Load() != stageOpen || s.root.stage.Load() != stageOpen || s.connector != nil && s.connector.Closed()
}

// Close ends the session: further requests fail with [errors.ErrSessionClosed].
// If it owns its connector, that is closed too, and with it the responses that
// are still open; [Session.Shutdown] waits for them. Close is idempotent; its error
// is always nil.
func (s *Session) Close() error {
	if s.stage.Swap(stageClosed) != stageClosed && s == s.root && s.owned != nil {
		return s.owned.Close()
	}
	return nil
}

// Detach ends the session and leaves its connector open, whoever owns it.
// (aiohttp: ClientSession.detach)
func (s *Session) Detach() { s.stage.Store(stageClosed) }

// Do sends a request of net/http's making, with the session's defaults where the
// request says nothing: headers, cookies, timeouts, redirects, middlewares. It has the
// contract of [http.Client.Do]: the request is not changed, its body is closed, a
// status is not an error, and a body that is compressed because the session asked for
// that is decoded; its header no longer says that it was. The URL must be absolute.
func (s *Session) Do(req *http.Request) (*http.Response, error) {
	resp, err := s.doNative(req)
	if err != nil {
		return nil, err
	}
	resp.likeNative()
	return resp.Response, nil
}

// Client returns an [http.Client] for code that insists on one. Its requests
// are those of [Session.Do]: the session follows the redirects and keeps the
// cookies, so the client's CheckRedirect is not asked.
func (s *Session) Client() *http.Client { return &http.Client{Transport: clientTransport{s}} }

type clientTransport struct{ s *Session }

func (t clientTransport) RoundTrip(req *http.Request) (*http.Response, error) { return t.s.Do(req) }

func (t clientTransport) CloseIdleConnections() {
	if c := t.s.connector; c != nil {
		c.CloseIdleConnections()
	}
}

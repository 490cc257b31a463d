package redact_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// canary stands for every secret.
const canary = "canary"

// data are the types that are excused, and why.
var data = map[string]string{
	"errors.ClientSSLError":                  "it is a ClientConnectorError",
	"errors.ClientConnectorSSLError":         "it is a ClientConnectorError",
	"errors.ClientConnectorCertificateError": "it is a ClientConnectorError",
	"errors.WSMessageTypeError":              "names of types",
	"errors.ServerFingerprintMismatch":       "digests of certificates",
	"errors.BodyNotReplayableError":          "a fixed reason",
	"form.SizeError":                         "the name of a part",
	"connector.Pin":                          "the digest of a certificate",
	"connector.Stats":                        "numbers by host",
	"connector.HostStats":                    "numbers, a host and a proxy without credentials",
	"middleware.DumpConfig":                  "functions and numbers",
	"connector.Timing":                       "times and an address",
	"connector.CachedHost":                   "a host and its addresses",
	"connector.ClosedConn":                   "a host, an address and times",
	"middleware.LimitError":                  "a host",
	"middleware.RateLimitStats":              "numbers by host",
	"middleware.RateLimitHost":               "a host and numbers",
	"middleware.ConcurrencyStats":            "numbers by host",
	"middleware.ConcurrencyHost":             "a host and a number",
	"middleware.BreakerStats":                "numbers by host",
	"middleware.BreakerHost":                 "a host and numbers",
	"session.EventSourceCounter":             "numbers",
	"ws.ReconnectCounter":                    "numbers",
	"cache.Config":                           "functions and numbers",
	"cassette.Config":                        "functions and names",
	"har.Config":                             "functions and names",
	"har.Entry":                              "an archive, which its reader asked for; a Recorder has hidden the secrets of its own",
	"har.Request":                            "as har.Entry",
	"har.Response":                           "as har.Entry",
	"har.PostData":                           "as har.Entry",
	"har.Content":                            "as har.Entry",
	"har.NameValue":                          "as har.Entry",
	"har.FormatError":                        "the number of an entry, a fixed reason and where the syntax is wrong",
	"middleware.HedgePolicy":                 "functions and numbers",
	"middleware.Redaction":                   "names",
	"middleware.RetryBudget":                 "numbers",
	"middleware.RetryPolicy":                 "functions and numbers",
	"middleware.SchemeRules":                 "ports",
	"middleware.Backend":                     "an address, names and numbers",
	"middleware.BalanceBackend":              "a Backend and numbers",
	"middleware.BalanceConfig":               "Backends, names, functions and numbers",
	"middleware.BalanceStats":                "numbers by Backend, and a text without secrets",
	"session.Event":                          "the data of a stream, which its reader asked for",
	"session.HTTPChunk":                      "the data of a body, which its reader asked for",
	"session.ContentDisposition":             "a file name, for a person to see",
	"session.ETag":                           "a validator, which is written as it is sent",
	"session.Saved":                          "a path",
	"session.ChecksumError":                  "the name of an algorithm",
	"session.CharsetError":                   "the name of a charset",
	"session.SaveConfig":                     "a path and functions",
	"session.Codec":                          "the name of a coding",
	"ws.MessageEvent":                        "a type and a size",
	"session.Trace":                          "functions",
	"ws.Message":                             "the data of a message, which its reader asked for",
	"ws.Compression":                         "numbers",
	"ws.SendOption":                          "numbers",
	"ws.CloseError":                          "the peer's words, for a person to read",
	"jar.Discard":                            "nothing",
	"jar.RejectError":                        "one of the fixed reasons",
	"jar.FileError":                          "a path and a fixed reason",
}

// whole are the types that are whole as JSON.
var whole = []string{"cache.Meta", "cache.Entry"}

// value is one to print. Those that must not be copied are pointers.
type value struct {
	name string
	v    any
}

func parse(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

const secretURL = "http://login:canary@h.example/path?q=canary"

func secretHeader() http.Header {
	return http.Header{"Authorization": {"Bearer canary"}, "Cookie": {"sid=canary"}, "X-Any": {"canary"}, "authorization": {"canary"}}
}

// values are types with a canary wherever one fits.
func values(t *testing.T) []value {
	t.Helper()
	var all []value
	add := func(name string, v ...any) {
		for _, v := range v {
			all = append(all, value{name, v})
		}
	}
	addErrors(add)
	addConnector(t, add)
	addSession(t, add)
	addMiddleware(t, add)
	addOthers(t, add)
	addObservers(t, add)
	return all
}

type adder func(name string, v ...any)

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func addConnector(t *testing.T, add adder) {
	t.Helper()
	config := connector.Config{
		Proxy: "http://login:canary@proxy.example:3128", ProxyHeader: secretHeader(), Limit: 7,
		TLS: &tls.Config{ServerName: "h.example"},
	}
	add("connector.Connector", must(connector.New(config))(t))
	config.ProxyAuth = url.UserPassword("login", canary)
	add("connector.Config", config)
	proxy := connector.Proxy{URL: parse(secretURL), Auth: url.UserPassword("login", canary), Header: secretHeader()}
	add("connector.Proxy", proxy)
	settings := connector.Settings{Proxy: &proxy, HTTP1: true, TLS: &connector.TLSPolicy{ServerName: "h.example"}, Recorder: &connector.Recorder{}}
	add("connector.Settings", settings)
	add("connector.TLSPolicy", *settings.TLS)
	add("connector.Settings", connector.WithSettings(t.Context(), settings))
	add("connector.Recorder", settings.Recorder)
	raw := connector.RawHeader{Name: []byte("Set-Cookie"), Value: []byte(canary)}
	add("connector.RawHeader", raw)
	add("connector.ConnInfo", connector.ConnInfo{Proto: "HTTP/1.1", RawHeaders: []connector.RawHeader{raw}})
}

func addSession(t *testing.T, add adder) {
	t.Helper()
	options := []session.Option{
		session.Header("Authorization", canary), session.AddHeader("X-Api-Key", canary), session.BasicAuth("login", canary), session.Bearer(canary),
		session.Cookie("sid", canary), session.Query("q", canary), session.Params(url.Values{"q": {canary}}), session.Form(url.Values{"q": {canary}}),
		session.FormPairs("q", canary), session.Text(canary), session.Bytes([]byte(canary)), session.JSON(map[string]string{"q": canary}),
		session.Proxy("http://login:canary@proxy.example"), session.ProxyAuth("login", canary), session.ProxyHeader("X-Api-Key", canary),
		session.TraceContext(canary), session.Join(session.Header("X-Api-Key", canary), session.Bearer(canary)), session.FormData(secretForm()),
		session.Header("Referer", "http://login:canary@h.example/?q=canary"), session.ProxyHeader("link", "<http://h.example/?q=canary>"),
		session.Middlewares(middleware.Bearer(canary)), session.TLS(&tls.Config{ServerName: "h.example"}),
	}
	for _, o := range options {
		add("session.Option", o)
	}
	own := []session.Option{session.Header("x-any", canary), session.Join(session.Join(session.AddHeader("X-Any", canary)))}
	config := session.Config{
		BaseURL: "http://login:canary@h.example/", Options: append(own, options...), Transport: answer{}, Middleware: []middleware.Middleware{middleware.BasicAuth("login", canary)},
		Jar: secretJar(), SensitiveHeaders: []string{"X-Any"},
	}
	add("session.Config", config)
	s := must(session.New(session.Config{BaseURL: "http://h.example/", Options: append(options[4:8:8], options[1], options[2]), Transport: answer{}, Jar: secretJar()}))(t)
	add("session.Session", s, s.With(session.ProxyAuth("login", canary)))
	resp := must(s.Get(t.Context(), "http://h.example/path?q=canary"))(t)
	if _, err := resp.Bytes(); err != nil {
		t.Fatal(err)
	}
	add("session.Response", resp)
	add("session.StreamReader", must(s.Get(t.Context(), "http://h.example/path?q=canary"))(t).Content())
	add("session.EventSource", session.EventSource{Session: s, URL: secretURL, Options: options, LastEventID: "7"})
	add("session.EventSourceEvent", session.EventSourceEvent{Kind: session.EventSourceLost, Err: errors.Wrap("GET", parse(secretURL), io.EOF)},
		&session.EventSourceEvent{Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}})
	add("session.Link", session.Link{URL: parse(secretURL), Anchor: parse(secretURL), Rels: []string{"next"}})
	add("session.BodyPart", session.BodyPart{Header: secretHeader()})
	add("session.MultipartReader", must(must(s.Get(t.Context(), "http://h.example/multipart?q=canary"))(t).MultipartReader(session.MultipartConfig{}))(t))
	event := session.RequestEvent{Method: "GET", URL: parse(secretURL), Header: secretHeader(), Value: canary}
	add("session.RequestEvent", event)
	add("session.ResponseEvent", session.ResponseEvent{RequestEvent: event, Response: resp.Response})
	add("session.ErrorEvent", session.ErrorEvent{RequestEvent: event, Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}})
	add("session.ChunkEvent", session.ChunkEvent{Method: "GET", URL: parse(secretURL), Value: canary, Chunk: []byte(canary)})
	add("session.ConnectionEvent", session.ConnectionEvent{Value: canary})
	add("session.HostEvent", session.HostEvent{Host: "h.example", Value: canary})
}

func addOthers(t *testing.T, add adder) {
	t.Helper()
	add("ws.Options", ws.Options{Header: secretHeader(), Protocols: []string{"chat"}})
	add("ws.Conn", new(ws.Conn))
	add("ws.ReconnectEvent", ws.ReconnectEvent{Kind: ws.ReconnectLost, Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}})
	add("ws.ReconnectOptions", ws.ReconnectOptions{Options: &ws.Options{Header: secretHeader()}, Attempts: 3})
	add("form.Form", secretForm())
	add("form.Multipart", form.NewMultipart("mixed").Text(canary).Form(secretForm()))
	add("form.PartOption", form.Header("Authorization", canary))
	j := secretJar()
	add("jar.Jar", j)
	add("jar.Config", jar.Config{MaxTotal: 7})
	for c := range j.All() {
		add("jar.Cookie", *c)
	}
}

func addMiddleware(t *testing.T, add adder) {
	t.Helper()
	digest := middleware.DigestConfig{Login: "login", Password: canary, Origins: []string{"http://h.example"}}
	token := middleware.Token{Value: canary, Type: "Bearer"}
	add("middleware.DigestConfig", digest)
	add("middleware.Token", token)
	add("middleware.TokenConfig", middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { return token, nil }})
	add("middleware.FaultRule", middleware.FaultRule{Status: 503, Header: secretHeader(), Body: canary})
	req := httptest.NewRequest(http.MethodGet, secretURL, nil)
	req.Header = secretHeader()
	add("middleware.Attempt", middleware.Attempt{Number: 1, Request: req, Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}, Response: &http.Response{Status: "200 OK", Request: req, Header: secretHeader()}})
	add("middleware.Event", middleware.Event{Kind: middleware.EventRetried, Host: "http://h.example:80", Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}})
	add("middleware.LogConfig", middleware.LogConfig{Handler: slog.DiscardHandler})
	balancer := middleware.NewBalancer(middleware.BalanceConfig{Host: "h.example", Backends: []middleware.Backend{{Addr: "a.example"}}})
	add("middleware.Balancer", balancer)
	failing := middleware.Func(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}
	})
	_, backendErr := balancer.Wrap(failing).RoundTrip(req)
	add("middleware.BackendError", backendErr)
	add("middleware.NoBackendError", &middleware.NoBackendError{Host: "https://h.example:443", Err: &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}})
	recorder := har.New(har.Config{MaxBody: 100})
	add("har.Recorder", recorder)
	responses := cache.New(cache.Config{Store: cache.NewMemory(1 << 20)})
	meta := cache.Meta{ID: "1", Status: 200, Header: secretHeader(), Vary: []string{"cookie"}}
	add("cache.Meta", meta)
	add("cache.Entry", cache.Entry{Meta: &meta, Size: 3})
	tape := must(cassette.Open(filepath.Join(t.TempDir(), "c.json"), cassette.Config{Mode: cassette.Record}))(t)
	add("cassette.Cassette", tape)
	add("cache.Memory", cacheMemory(t))
	add("cache.Dir", must(cache.NewDir(t.TempDir(), 1<<20))(t))
	add("cache.Cache", responses)
	policies := addPolicies(add)
	for _, mw := range append(policies, []middleware.Middleware{
		middleware.BasicAuth("login", canary), middleware.Bearer(canary), middleware.Digest(digest), recorder.Wrap, responses.Wrap, tape.Wrap,
		middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { return token, nil }}),
	}...) {
		rt := mw(answer{})
		resp, err := rt.RoundTrip(req.Clone(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		add("cache.Cache", rt)
	}
}

// addPolicies adds those that can be asked for their state, and returns what they wrap
// with.
func addPolicies(add adder) []middleware.Middleware {
	var all []middleware.Middleware
	type wrapper interface {
		Wrap(next http.RoundTripper) http.RoundTripper
	}
	policy := func(name string, p wrapper) {
		add(name, p)
		all = append(all, p.Wrap)
	}
	policy("middleware.Retrier", middleware.NewRetrier(middleware.RetryPolicy{}))
	policy("middleware.Hedger", middleware.NewHedger(middleware.HedgePolicy{}))
	policy("middleware.Deduper", middleware.NewDeduper(middleware.DedupeConfig{}))
	policy("middleware.RateLimiter", middleware.NewRateLimiter(middleware.RateLimitConfig{PerHost: 1e9}))
	policy("middleware.ConcurrencyLimiter", middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{PerHost: 1}))
	policy("middleware.Breaker", middleware.NewBreaker(middleware.BreakerConfig{}))
	policy("middleware.Tokens", middleware.NewTokens(middleware.TokenConfig{
		Fetch: func(context.Context) (middleware.Token, error) { return middleware.Token{Value: canary}, nil },
	}))
	return all
}

func addErrors(add adder) {
	info := errors.RequestInfo{Method: "GET", URL: parse(secretURL), RealURL: parse(secretURL), Header: secretHeader()}
	add("errors.RequestInfo", info)
	cause := &url.Error{Op: "Get", URL: secretURL, Err: io.EOF}
	response := errors.ClientResponseError{RequestInfo: info, Status: 401, Header: secretHeader(), Body: []byte(canary), Err: cause}
	response.History = []*http.Response{{Header: secretHeader(), Request: &http.Request{URL: parse(secretURL), Header: secretHeader()}}}
	add("errors.ClientResponseError", &response, response)
	add("errors.ContentTypeError", &errors.ContentTypeError{ClientResponseError: response}, errors.ContentTypeError{ClientResponseError: response})
	add("errors.WSServerHandshakeError", &errors.WSServerHandshakeError{ClientResponseError: response}, errors.WSServerHandshakeError{ClientResponseError: response})
	add("errors.ClientHTTPProxyError", &errors.ClientHTTPProxyError{ClientResponseError: response}, errors.ClientHTTPProxyError{ClientResponseError: response})
	add("errors.TooManyRedirects", &errors.TooManyRedirects{ClientResponseError: response}, errors.TooManyRedirects{ClientResponseError: response})
	add("errors.BadHTTPMessageError", &errors.BadHTTPMessageError{ClientResponseError: response}, errors.BadHTTPMessageError{ClientResponseError: response})
	add("errors.IncompleteReadError", &errors.IncompleteReadError{Partial: []byte(canary), Expected: 9}, errors.IncompleteReadError{Partial: []byte(canary)})
	add("errors.RequestError", errors.Wrap("GET", parse(secretURL), cause))
	for _, raw := range []string{secretURL, "http://login:canary@h.example:80a/?q=canary", "//login:canary@h", "login:canary@h", "http://h/?canary", "http://h/#canary"} {
		add("errors.InvalidURLError", errors.NewInvalidURL(raw, "it is bad", &url.Error{Op: "parse", URL: raw, Err: io.EOF}))
	}
	connection := errors.ClientConnectorError{Host: "h.example", Port: 443, Op: "dial", Err: cause}
	add("errors.ClientOSError", &errors.ClientOSError{Err: cause})
	add("errors.ClientConnectorError", &connection)
	add("errors.ClientConnectorDNSError", &errors.ClientConnectorDNSError{ClientConnectorError: connection})
	add("errors.ClientProxyConnectionError", &errors.ClientProxyConnectionError{ClientConnectorError: connection})
	add("errors.UnixClientConnectorError", &errors.UnixClientConnectorError{ClientConnectorError: connection, Path: "/run/x"})
	add("errors.ServerDisconnectedError", &errors.ServerDisconnectedError{Err: cause})
	add("errors.ClientPayloadError", &errors.ClientPayloadError{Err: cause})
	add("errors.TimeoutError", &errors.TimeoutError{Host: "h.example", Err: cause})
	add("errors.InvalidRequestError", &errors.InvalidRequestError{Field: "header X-A", Reason: "it is bad", Err: cause})
	add("middleware.TokenError", &middleware.TokenError{Err: errors.Wrap("GET", parse(secretURL), cause)})
	add("middleware.RetryError", &middleware.RetryError{Attempts: 2, Errs: []error{errors.Wrap("GET", parse(secretURL), cause)}})
	add("session.TraceError", &session.TraceError{})
	add("session.MultipartError", &session.MultipartError{Reason: "it is bad", Err: cause})
	add("cassette.MissError", &cassette.MissError{Method: "GET", URL: errors.RedactURL(parse(secretURL))})
}

func secretForm() *form.Form {
	f := form.New()
	f.Field("password", canary, form.Header("X-Any", canary))
	return f
}

func secretJar() *jar.Jar {
	j := jar.New(jar.Config{})
	j.SetCookieHeaders(parse("https://h.example/"), []string{"sid=canary"})
	return j
}

// cacheMemory is a store with an answer in it.
func cacheMemory(t *testing.T) *cache.Memory {
	t.Helper()
	store := cache.NewMemory(1 << 20)
	client := &http.Client{Transport: cache.New(cache.Config{Store: store}).Wrap(answer{})}
	resp, err := client.Get("http://h.example/?q=canary")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return store
}

// answer is a server with secrets in its answers.
type answer struct{}

func (answer) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Set-Cookie", "sid=canary")
	w.Header().Set("X-Any", canary)
	w.Header().Set("Cache-Control", "max-age=60")
	if req.URL.Path == "/multipart" {
		w.Header().Set("Content-Type", `multipart/mixed; boundary="canary"`)
	}
	_, _ = io.WriteString(w, canary)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

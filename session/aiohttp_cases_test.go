package session_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rows says which tests show each behaviour of aiohttp's client that is promised.
// Names with a slash are of other packages. The rows of connections, pools and TLS
// are in package connector, and the table goes on in rowsrequest_test.go and
// rowsresponse_test.go.
var rows = map[string]string{
	// What a session is made of.
	"base_url":                        "TestBaseURL TestBadConfig TestBadInput",
	"connector":                       "TestClose TestWith",
	"connector_owner":                 "TestClose",
	"cookies of a session":            "TestSessionAttributes TestOwnCookies jar/TestSharedCookies",
	"cookie_jar":                      "TestOwnCookies TestDefaultJar TestPlainJar",
	"headers of a session":            "TestHeaders TestWith",
	"headers are merged":              "TestHeaders TestWire",
	"proxy of a session":              "TestProxyOptions",
	"ssl of a session":                "TestTLSOptions",
	"skip_auto_headers":               "TestHeaders TestFraming TestBadInput",
	"skip_auto_headers are united":    "TestSessionAttributes",
	"auth of a session":               "TestHeaders TestOrigins",
	"json_serialize":                  "TestJSONHooks",
	"version":                         "TestFraming TestVersions ExampleVersion connector/TestHTTP10",
	"raise_for_status of a session":   "TestCheckStatus TestCheckOfTheSession",
	"timeout of a session":            "TestTimeoutInheritance",
	"auto_decompress":                 "TestNoDecompress",
	"trust_env":                       "TestTrustEnvHops TestNetrc",
	"requote_redirect_url":            "TestVerbatimRedirects TestRedirectLocation",
	"trace_configs":                   "TestTraceOrder TestTraceValue",
	"read_bufsize":                    "TestReadBufferSize TestBackPressure",
	"max_line_size, and its like":     "TestLimitOptions connector/TestHeadLimits",
	"fallback_charset_resolver":       "TestFallbackCharset TestTextFallback",
	"middlewares of a session":        "TestMiddleware TestMiddlewares",
	"bad configuration":               "TestBadConfig",
	"set_zlib_backend":                "TestCodecs TestConfigCodecs ExampleCodecs",
	"other transports in its place":   "TestTransport TestForeignTransport TestMeagreAnswers",
	"public servers only (not in it)": "TestNewPublic TestNewPublicAsks",

	// What it can be asked, and its end.
	"closed":                          "TestClose TestConnectorGone",
	"cookie_jar, timeout, headers":    "TestSessionAttributes TestTimeoutInheritance",
	"request, get, post and the rest": "TestWire TestContentLengthZero",
	"head follows no redirects":       "TestHead TestRedirectCount",
	"ws_connect":                      "TestWebSocket TestWebSocketRefused TestWebSocketEndsWithConnector",
	"close":                           "TestClose TestCloseUnderWay",
	"detach":                          "TestClose ExampleSession_Detach",
	"aiohttp.request":                 "TestOneShot TestSaveOneShot",
	"aiohttp.get and the rest":        "TestOneShot ExampleGet ExamplePut ExamplePatch ExampleDelete ExampleOptions ExampleHead ExamplePost",

	// Middlewares.
	"a middleware, outermost first":   "TestMiddleware",
	"once per hop":                    "TestMiddleware TestMiddlewareRefuses",
	"sees cookies and credentials":    "TestMiddleware TestMiddlewareSendsAgain",
	"before a connection":             "TestMiddlewareRefuses middleware/TestSchemes",
	"calls the handler again":         "TestMiddlewareSendsAgain",
	"update_body":                     "TestMiddlewareSendsAgain middleware/TestSetBody",
	"of a request instead":            "TestMiddlewares ExampleMiddlewares ExampleAddMiddleware",
	"ClientRequest.session":           "TestFromContext",
	"several sends of one call":       "TestHedgedSession",
	"middlewares and 101":             "TestNativeUpgrade",
	"BasicAuth, encode_basic_auth":    "TestCredentialsInURL TestWire TestBadInput",
	"DigestAuth and the like":         "middleware/TestAuthRedirect middleware/TestAuthOrigins",
	"a library that wants net/http's": "TestUnmodifiedSDK",

	// Traces.
	"order of the signals":           "TestTraceOrder",
	"on_request_start":               "TestTraceStart TestTraceValue",
	"on_connection_queued":           "TestTraceQueue",
	"on_connection_create":           "TestTraceOrder TestTracePanics",
	"on_connection_reuseconn":        "TestTraceOrder TestTraceQueue",
	"on_dns":                         "TestTraceOrder TestTracePanics",
	"on_request_headers_sent":        "TestTraceOrder TestTraceRetry",
	"on_request_chunk_sent":          "TestTraceOrder TestTraceRetry",
	"on_request_redirect":            "TestTraceOrder TestTraceNative",
	"on_request_end":                 "TestTraceOrder TestTraceFailures",
	"on_response_chunk_received":     "TestTraceOrder TestTraceRetry",
	"on_request_exception":           "TestTraceFailures",
	"trace_request_ctx":              "TestTraceValue ExampleTraceContext",
	"retry without a second start":   "TestTraceRetry",
	"an exception in a signal":       "TestTracePanics TestTracePanicsLater",
	"an exception leaks no slot":     "TestTraceQueue TestTracePanicsLater",
	"an exception closes a response": "TestTracePanicsLater",

	// net/http's contracts, which aiohttp has not.
	"the request is not changed":  "TestNativeRequest TestIDNAHost",
	"trailers, Close, Host":       "TestNativeRequest",
	"GetBody":                     "TestNativeRedirects",
	"no redirects by RoundTrip":   "TestNativeRedirects",
	"streaming":                   "TestNativeStreaming",
	"context, Cancel, Timeout":    "TestNativeCancel TestUnmodifiedSDK",
	"*url.Error, closed bodies":   "TestNativeErrors",
	"1xx":                         "TestNativeInterim",
	"names in any case":           "TestNativeOddCase",
	"upgraded connections":        "TestNativeUpgrade",
	"Accept-Encoding of its own":  "TestNativeDecoding",
	"CloseIdleConnections":        "TestIdleConnections",
	"a status is no error":        "TestCheckStatus",
	"an own coding of the body":   "TestCompressNative",
	"credentials in a header win": "TestCanary connector/TestNetrc",
}

// because says why there is no test for what aiohttp has, because there is nothing
// to test.
var because = map[string]string{
	"request_class, response_class":      "a middleware sees every request and response",
	"loop, ceil_threshold":               "there is no event loop, and timers are exact",
	"inheritance is forbidden":           "a struct has none",
	"ResourceWarning of a session":       "responses that were lost are told by the connector's OnLeak; a session alone holds nothing",
	"ssl_shutdown_timeout":               "closing a connection closes it",
	"connector of aiohttp.request":       "a session with Config.Connector is one line more",
	"files, encoding":                    "form.Form has files, and texts are UTF-8",
	"json=None means no body":            "JSON(nil) sends null, which aiohttp cannot",
	"Content-Length cuts the body":       "a wrong length is an error",
	"chunked=False":                      "there is only Chunked, and no way to write chunks under a length",
	"content_type of json()":             "Bytes and encoding/json read what says to be another type",
	"latin1 of BasicAuth":                "credentials are UTF-8, as RFC 7617 2.1 asks for",
	"upload_complete":                    "a body that can be closed is, when it is no longer read",
	"feed_data, set_exception":           "the error comes from the read",
	"concurrent reads raise":             "a response is for one goroutine, as its comment says",
	"raise_for_status in a context":      "CheckStatus keeps the start of the body in its error",
	"total is raised to the others":      "only the default is: a total that was asked for holds",
	"total of 0 is refused":              "0 inherits, as everywhere",
	"URL is changed by a middleware":     "it changes Host too, as for any RoundTripper",
	"netrc before the middlewares":       "the connector reads it, where a hop's proxy is known too",
	"middlewares within the silent try":  "the connector sends again what a stale connection did not answer; middleware.Retry asks middlewares",
	"files are closed":                   "a file stays its owner's; another Closer is closed",
	"params in a session's redirect":     "a Location is complete",
	"history has itself":                 "a redirect without a Location is an answer",
	"trace_config.freeze":                "a Config is copied",
	"exceptions can be pickled":          "Go has no such thing; texts are tested",
	"max_redirects=10 follows nine":      "Redirects(n) follows n",
	"Content-Type without a body":        "what is not there has no type",
	"order of the header fields":         "net/http sorts them, behind Host and User-Agent",
	"explicit Host is lost":              "a mistake that is not copied: TestOwnHostAgain",
	"Accept-Encoding beside a Range":     "a part of an encoded body cannot be decoded",
	"ws compress, receive and the rest":  "package ws has tables of its own",
	"a warning above a MiB":              "there is nothing wrong with it",
	"payload registry":                   "an option for each kind of body: TestBodies",
	"tuples and multidicts as headers":   "Header and AddHeader in a Join",
	"an arbitrary object as data":        "the compiler refuses it",
	"bool and bytes as values of params": "the compiler refuses them",
}

// TestRows: the tests that the tables name exist, and no row is there twice.
func TestRows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	have := testNames(t)
	for _, table := range []map[string]string{rows, requestRows, responseRows} {
		for row, tests := range table {
			if seen[row] || because[row] != "" {
				t.Errorf("%s is there twice", row)
			}
			seen[row] = true
			if tests == "" {
				t.Errorf("%s: no test", row)
			}
			for name := range strings.FieldsSeq(tests) {
				if !have[name] {
					t.Errorf("%s: there is no %s", row, name)
				}
			}
		}
	}
}

// testNames are the tests and examples of the repository's packages that the
// tables speak of.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	for _, pkg := range []string{"", "connector/", "middleware/", "form/", "jar/", "errors/", "internal/codec/", "internal/charset/"} {
		pattern := "*_test.go"
		if pkg != "" {
			pattern = filepath.Join("..", pkg, pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if function, ok := strings.CutPrefix(line, "func "); ok {
					name, _, _ := strings.Cut(function, "(")
					have[pkg+name] = true
				}
			}
		}
	}
	return have
}

// TestEveryOptionHasAnExample: and so has every other function of the package.
func TestEveryOptionHasAnExample(t *testing.T) {
	t.Parallel()
	have := testNames(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Name.IsExported() && !have["Example"+f.Name.Name] {
				t.Errorf("%s: there is no Example%s", name, f.Name)
			}
		}
	}
}

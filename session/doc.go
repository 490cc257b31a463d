// Package session makes HTTP requests: it is aiohttp's ClientSession for Go,
// over net/http.
//
//	s, err := session.New(session.Config{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	resp, err := s.Get(ctx, "https://example.com/", session.Query("page", "2"))
//	if err != nil {
//		return err
//	}
//	text, err := resp.Text()
//
// A [Session] holds what requests share: a [connector.Connector] with its limits
// and its kept connections, a cookie jar, default options, timeouts and
// middlewares. It is made once and used by many goroutines. [Request] and its
// kin make a single request without one.
//
// # It is net/http
//
// A [Response] embeds *http.Response, [Session.Do] takes an *http.Request, and
// [Session.Client] is an *http.Client for code that wants one. The connector
// below is an http.RoundTripper that works alone.
//
// # Options
//
// A request is a method, a URL, and options: [Query], [Header], [JSON],
// [Timeout] and so on. Of two options that contradict each other the later
// wins. The same options are the defaults of a session ([Config].Options) or of
// a part of a program ([Session.With]).
//
// # Defaults
//
//	connections in use      100, no limit per host   connector.Config.Limit, LimitPerHost
//	idle connections        15 s                     connector.Config.KeepAlive
//	total timeout           5 min                    Timeout, Timeouts
//	timeout of an address   30 s                     ClientTimeout.SockConnect
//	other timeouts          none                     ClientTimeout.Connect, SockRead
//	redirects               10, none for HEAD        Redirects, NoRedirects
//	stale connections       one silent retry         [StaleRetry]; connector.Config.DisableStaleRetry
//	other retries           none                     Config.Middleware: middleware.Retry
//	status of 400 and more  not an error             CheckStatus
//	cookies                 kept in memory, none     Config.Jar: jar.Config.Unsafe
//	                        of IP addresses
//	proxy                   none                     Proxy, Config.TrustEnv
//	TLS                     verified, 1.2 or newer   TLS, Pin, Insecure
//	HTTP/2                  negotiated over TLS      Version, connector.Config.Protocols
//	compression             gzip, deflate, br, zstd  SkipHeader("Accept-Encoding")
//	decoding to more        200 times, above 4 MiB   MaxDecompressed
//	body read in one piece  256 MiB                  MaxBodySize
//	line of a stream        1 MiB                    StreamReader.ReadUntil
//	event of a stream       8 MiB                    MaxEventSize
//	head of a response      128 fields of 8190 B     MaxHeaders, MaxFieldSize, MaxLineSize
//	addresses of a name     10 s, 1000 names         connector.Config.DNSCacheTTL, DNSCacheSize
//
// Every request has the headers "Accept: */*", "Accept-Encoding" and
// "User-Agent: aiolos/VERSION", unless it sets or skips them.
//
// # More than requests
//
// A body becomes a file, also one that was begun before, by [Session.Save]. Events
// that a server sends come from [Session.Events], pages that link to each other from
// [Session.Pages], JSON lines from [Records], the lines of any text from
// [StreamReader.Lines]. [Session.WebSocket] opens a WebSocket. [NewPublic] is for
// URLs that somebody else has chosen.
//
// # Tests
//
// [Config].Transport takes any RoundTripper in the place of the network, a
// [middleware.Func] for one. All of the session works above it.
//
// # Redirects
//
// 301, 302, 303, 307 and 308 are followed. 303 turns every method but HEAD into
// GET, 301 and 302 only POST; otherwise method and body are sent again, which
// fails with [errors.BodyNotReplayableError] for a body that was read from a
// stream. When the origin (scheme, host or port) changes, Authorization, Cookie,
// Proxy-Authorization and [Config].SensitiveHeaders are dropped for the rest of
// the chain; the jar's cookies are chosen anew for each hop. Each hop is in
// [Response.History], with its Timing, Connection and RawHeaders. HEAD follows none
// unless it is told to: Redirects([DefaultRedirects]).
//
// # URLs
//
// A URL is sent as it was written, whether it is the caller's, or a server's in Location
// or Link, with two changes. What RFC 3986 does not allow is escaped: a % that begins no
// escape becomes %25, a blank %20. And the escapes of a Location get their normal form,
// which leaves those of reserved characters as they are: %2F is no slash, and there may be
// a signature over it ([VerbatimRedirects] leaves all of them). What cannot be repaired, a port of 999999, a host with a
// blank, is an error: [errors.ErrInvalidURLClient] for the caller's,
// [errors.ErrInvalidURLRedirectClient] for a server's. [ParseURL] reads a URL in the same
// way.
//
// # Errors
//
// Every error names the request, without its secrets, and has its class in
// package errors: errors.Is(err, errors.ErrServerTimeout). The cause stays
// reachable. A caller's own cancellation is context.Canceled.
//
// # Closing
//
// A response is closed, or read to its end; both give the connection back. If
// the call returned an error, there is nothing to close. The session is closed
// last.
//
// # Names of aiohttp
//
// ClientSession is [Session], request is [Session.Request], ws_connect is
// [Session.WebSocket], ClientTimeout is [ClientTimeout], ClientResponse is
// [Response], StreamReader is [StreamReader], TraceConfig is [Trace],
// raise_for_status is [Response.CheckStatus] and [CheckStatus], params is [Query]
// and [Params], data is [Bytes], [Text], [Form], [FormPairs], [FormData],
// [Multipart], [Body] and [Stream], json is [JSON], compress is [Compress],
// allow_redirects and max_redirects are [NoRedirects] and [Redirects], auth is
// [BasicAuth] or [Bearer], ssl is [TLS], [Insecure] and [Fingerprint], proxy is
// [Proxy], middlewares is [Middlewares], skip_auto_headers is [SkipHeader], base_url,
// connector, connector_owner, cookie_jar, timeout, trust_env, trace_configs and
// middlewares are fields of [Config], aiohttp.request is the function [Request].
// The whole list is docs/aiohttp.md.
package session

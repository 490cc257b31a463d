// Package middleware wraps RoundTrippers in RoundTrippers: retries, limits,
// credentials, caches, logs and recordings for any client of net/http.
//
// A [Middleware] works on a session, where it runs once for every hop of a
// redirect, on a connector, and on any [http.Client] of somebody else's:
//
//	client := &http.Client{Transport: middleware.Chain(http.DefaultTransport,
//		middleware.Retry(middleware.RetryPolicy{}),
//		middleware.Log(middleware.LogConfig{Handler: slog.Default().Handler()}))}
//
// # What there is
//
//   - To send again, or twice, or once for many: [Retry], [Hedge], [Dedupe].
//   - To send less: [RateLimit], [Concurrency], [CircuitBreaker].
//   - To send to many servers in turn: [Balance].
//   - To say who one is: [BasicAuth], [Bearer], [Digest], [TokenSource].
//   - To keep responses: package middleware/cache, in memory or in a directory.
//   - To write down: [Log], [Dump], and packages middleware/har and middleware/cassette.
//   - To refuse: [Schemes].
//   - To test what must withstand failures: [Fault], and in the place of the server
//     [Answer], [Handler] or a [Func].
//
// # Order
//
// The first of a [Chain] is the outermost. What is inside of a Retry runs once per
// attempt, what is outside once per request. A good order is Schemes, Cache, Retry,
// RateLimit, credentials, Log, Balance.
//
// # Cookies
//
// A session makes the Cookie header before its middlewares, and keeps the jar below
// them: each response that comes over the wire is stored, what is sent again has what
// the jar says then, and what is given for a second time, by a cache or to a fellow of
// Dedupe, sets nothing.
//
// # The contract
//
// What a middleware returns must be a RoundTripper in full: it does not change
// the request that it gets (it sends a clone), it always closes the request's
// body, it does not turn a status into an error, it honours the request's
// context wherever it waits, and it hands the body of a 101 response through
// untouched, because that is the connection. [SetBody] and [SetBodyReader] give a
// clone another body.
//
// # What they do
//
// Each policy tells what it does, in one form: see [Event]. Each can be asked how it
// stands, if it is made by its New function, whose Wrap is what the function of the
// policy returns: [NewRetrier], [NewHedger], [NewDeduper], [NewRateLimiter],
// [NewConcurrencyLimiter], [NewBreaker], [NewBalancer], [NewTokens].
//
// # Errors
//
// What a middleware refuses or gives up has a type of its own: [LimitError],
// [RetryError], [BackendError], [NoBackendError], [TokenError]. All of them are of the tree of package errors and keep
// their causes.
//
// # Names in aiohttp
//
// A client middleware is a [Middleware], DigestAuthMiddleware is [Digest],
// BasicAuth is [BasicAuth], ClientRequest.update_body is [SetBody].
package middleware

// Words of the code here and in the packages below: drain is to read the rest of a body
// that nobody wants; release is to give a slot back; finish is to end an exchange and
// hand its result over; an entry is invalidated when its URL has changed on the server.

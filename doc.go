// Package aiolos is the front page of an HTTP client with the shape of aiohttp's, over
// net/http's wire code. It exports nothing: import what you need.
//
//	session      requests: Get, Post, JSON, forms, downloads, streams, cookies, redirects;
//	             session/debug is a page of what it does, session/curl writes commands
//	connector    connections: limits, keep-alive, DNS, TLS and pins, proxies, HTTP/2; an
//	             http.RoundTripper that works alone, under http.Client or any SDK
//	middleware   policies around a RoundTripper: retry, hedge, rate limit, circuit breaker,
//	             authentication, logs; each works without the rest. Those that keep
//	             something are packages of their own: middleware/cache (RFC 9111),
//	             middleware/cassette (recordings for tests), middleware/har
//	ws           WebSocket connections
//	jar          cookies: RFC 6265bis, the public suffix list, files
//	form         bodies of forms: urlencoded and multipart
//	errors       what can go wrong: a tree of classes, with all of the standard errors package
//
// Most programs need one of them:
//
//	s, err := session.New(session.Config{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	resp, err := s.Get(ctx, "https://example.com/")
//	if err != nil {
//		return err
//	}
//	text, err := resp.Text() // reads it to its end, and closes it
//
// A program that takes an *http.Client gets one from
// [github.com/aiolos-http/aiolos/session.Session.Client]; one that takes an
// http.RoundTripper gets a [github.com/aiolos-http/aiolos/connector.Connector].
//
// The command of the same name is in a module of its own:
//
//	go install github.com/aiolos-http/aiolos/cmd/aiolos@latest
package aiolos

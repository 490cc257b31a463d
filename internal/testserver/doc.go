// Package testserver is a small server to send requests to, in the manner of
// httpbin, for tests and examples. What it answers depends on the request alone.
//
//	/get /post /put /patch /delete   what was sent, as JSON; for that method only
//	/anything...                     the same for every method and path below it
//	/echo                            the body as it comes, with its Content-Type
//	/headers                         the header, as JSON
//	/status/N                        that status
//	/redirect/N?status=302           N redirects, then /get
//	/redirect-to?url=U&status=302    one redirect to U, as it is
//	/cookies                         the cookies, as JSON
//	/cookies/set?name=value&...      sets cookies, then redirects to /cookies
//	/cookies/delete?name&...         deletes them, likewise
//	/basic-auth/USER/PASSWORD        401 without these credentials
//	/gzip /deflate /deflate?raw      what was sent, as JSON, compressed
//	/bytes/N?seed=0                  N bytes, with ranges and an ETag
//	/delay/D                         what was sent, after a time such as 1.5 or 20ms
//	/drip?n=10&duration=2s&delay=0s  n asterisks over a time, one by one
//	/stream/N                        N lines of JSON, flushed one by one
package testserver

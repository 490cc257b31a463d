package middleware

// RetryAfter lets tests see the parser.
var RetryAfter = parseRetryAfter

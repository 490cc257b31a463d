package middleware

// RateLimitField lets tests see the parser.
var RateLimitField = parseRateLimitField

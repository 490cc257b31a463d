// Package render writes what aiolos shows: text that came from a server and is
// made harmless for a terminal, heads of requests and responses, colours,
// sizes and durations.
package render

// Package cassette records exchanges in a text file, and answers requests from it, so
// that a test of a client needs no server.
//
// A [Cassette] is opened by [Open]; its [Cassette.Wrap] is a middleware for any client
// of net/http. Secrets are hidden as its [middleware.Redaction] says.
package cassette

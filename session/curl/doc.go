// Package curl writes requests as curl commands that a person copies into a shell: to
// try again by hand what a program did, or to show somebody else what was sent.
//
// [FromRequest] describes a request of net/http's, [Command.Redact] takes its secrets
// out, and [Command.Text] writes the command. session.CurlCommand does all three. The
// tool's --curl is written by this package, too.
package curl

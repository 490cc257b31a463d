// Package curlconv reads curl command lines, as people type them and as the
// developer tools of browsers copy them, and writes requests as curl commands.
//
// [Split] divides a command line into words by the rules of a POSIX shell or of
// the Windows command prompt, without ever running or expanding anything.
// [Parse] makes a [Request] of the words; what has no counterpart is an error,
// never silently dropped. [Request.Curl] writes a command that sends the same
// request, and [Request.Items] one of aiolos.
package curlconv

// Package rawhead watches the heads of HTTP/1 responses go by: their status lines
// and fields, as bytes, before net/http parses them.
//
// net/http has one limit for a whole head, keeps neither the case nor the order of
// names, and lets some heads pass that two parsers can read in two ways. A [Scanner]
// is fed with what was read from a connection, in whatever pieces, and
//
//   - holds each line, each field and their number to [Limits];
//   - refuses, unless [Limits].Lenient, what RFC 9112 calls malformed (below);
//   - keeps the fields as they were sent, if [Limits].Keep.
//
// It looks at every interim head (1xx) and ends after the final one; 101 is final.
// It decides nothing else: what it lets pass, net/http still parses and may refuse.
//
// # What a strict scanner refuses
//
//   - A status line that is not "HTTP/1.", digit, spaces, three digits of which the
//     first is none, and an optional reason (RFC 9112 4). Empty lines before it, too,
//     as net/http does.
//   - A field without a name or a colon, a name that is no token, whitespace before
//     the colon (RFC 9112 5.1).
//   - Control characters but HTAB in the reason and in values, NUL and a CR that no
//     LF follows among them (RFC 9110 5.5, RFC 9112 2.2).
//   - Content-Length beside Transfer-Encoding (RFC 9112 6.3), in either order.
//   - A Content-Length that is not all digits, or is over 63 bits; a second one that
//     is not the same digits (RFC 9110 8.6), and a list ("5, 5"), as net/http does.
//   - A Transfer-Encoding that is not "chunked", alone and once, in HTTP/1.1 and
//     above, nor folded: net/http reads no other. In HTTP/1.0 it ignores the field.
//
// Folded values are accepted (RFC 9112 5.2 lets a client join them, and net/http
// does), and so are lines that end with a bare LF (RFC 9112 2.2).
//
// # What net/http still refuses
//
// A Trailer field that names Content-Length, Transfer-Encoding or Trailer, in a
// chunked response; a head over http.Transport.MaxResponseHeaderBytes.
//
// # What is counted
//
// Line ends never count. A status line counts whole. A field counts its name and its
// value, without the colon and without one blank after it; further blanks count,
// else they would be a way around the limit. The lines of a folded value count
// whole, and as one field.
package rawhead

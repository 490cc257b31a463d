// Package chunkends finds out where the chunks of a chunked body end (RFC 9112
// 7.1), while somebody else decodes them: net/http takes the framing away and does
// not tell. A [Scanner] is fed with the same bytes, in whatever pieces.
//
// It judges nothing. Whatever net/http lets pass it understands, and of what
// net/http refuses nobody reads further. Chunk extensions are passed over, and
// what follows the last chunk is not looked at.
package chunkends

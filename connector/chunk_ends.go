package connector

import (
	"net/http"
	"slices"
)

// ChunkEnd returns where the HTTP chunk ends to which the last byte belongs that was
// read of the body: an offset in the body, before any content coding is undone. It
// is the number of bytes read if that byte was the chunk's last, and greater if not.
//
// It is there if [Settings].HTTPChunks asked for it, in which case no Read of the
// body goes beyond a chunk's end. It is 0 before the first byte, and for bodies
// without chunks: those with a Content-Length, those that end with the connection,
// and all of HTTP/2. Whoever reads ahead, such as a middleware that puts a buffer
// around the body, sees the ends only of what it has read last.
func (r *Recorder) ChunkEnd() int64 {
	x := r.last.Load()
	if x == nil || !x.notesChunks() {
		return 0
	}
	return x.rare.chunkEnd.Load()
}

// isChunked reports whether the response has chunks that are to be watched. It
// is net/http that says how a body is framed.
func (x *exchange) isChunked(resp *http.Response) bool {
	return x.h2 == nil && slices.Equal(resp.TransferEncoding, []string{"chunked"})
}

// readChunk is a Read of net/http's body that does not go beyond the end of a chunk,
// and does not wait if there is something to return, as net/http does in the middle
// of a chunk.
//
// If nothing is at hand, a single byte has net/http read from the connection, and
// the chunk's size before it, if that has not come. What has come along is then read
// without waiting.
func (x *exchange) readChunk(p []byte) (n int, err error) {
	end, ready, lost := x.h1.ChunkAt(x.received)
	if lost || len(p) == 0 {
		return x.body.Read(p)
	}
	if ready > 0 {
		n, err = x.body.Read(p[:min(int64(len(p)), ready)])
	} else if n, err = x.body.Read(p[:1]); n > 0 {
		end, ready, _ = x.h1.ChunkAt(x.received)
		if more := min(int64(len(p)), ready); more > 1 && err == nil {
			n, err = x.body.Read(p[1:more])
			n++
		}
	}
	if n > 0 {
		x.rare.chunkEnd.Store(end)
	}
	return n, err
}

package session

import (
	"bytes"
	"io"
	"iter"

	"github.com/aiolos-http/aiolos/errors"
)

// HTTPChunks has the connection look where the chunks of the response's body end,
// for [StreamReader.ReadHTTPChunk] and [StreamReader.HTTPChunks]. It needs a
// Connector.
func HTTPChunks() Option {
	return setWireOption("HTTPChunks", nil, func(w *wireOptions) { w.httpChunks = true })
}

// HTTPChunk is a chunk of a body as it was sent, or a piece of one.
type HTTPChunk struct {
	// Data is valid until the next chunk. It is empty only if End is set.
	Data []byte
	// End says that the chunk ends here.
	End bool
}

// ReadHTTPChunk returns the next chunk that the server has sent, of those in which
// HTTP/1.1 sends a body of unknown length (RFC 9112 7.1), and true. The request must
// have the option [HTTPChunks]. After the last chunk comes io.EOF.
//
// A chunk that is longer than what is read ahead, 16 KiB or [ReadBufferSize], comes
// in pieces as they arrive, the last of them with true. So do the pieces of one that
// breaks off, before its error; and the rest of one of which another method has read
// the start. Chunks have no meaning in HTTP: whoever forwards a body may cut it
// otherwise.
//
// Of a body without chunks, which has a Content-Length, or ends with the connection,
// or comes with HTTP/2, the bytes come as they arrive, with false.
//
// If the body is decoded, a chunk is what was decoded of it before the next one
// was needed. Its bytes come at once, with false; that it has ended shows when the
// decoder asks for more, and is an empty piece with true. A chunk of which nothing
// was decoded is none. A server that sends messages has to flush its encoder after
// each, which the usual ones do.
//
// A middleware that reads the body ahead, or changes it, hides the chunks.
// (aiohttp: readchunk)
func (s *StreamReader) ReadHTTPChunk() (data []byte, end bool, err error) {
	data, end, err = s.httpChunk()
	return bytes.Clone(data), end, err
}

// HTTPChunks yields what [StreamReader.ReadHTTPChunk] returns. (aiohttp:
// iter_chunks)
func (s *StreamReader) HTTPChunks() iter.Seq2[HTTPChunk, error] {
	return func(yield func(HTTPChunk, error) bool) {
		var c HTTPChunk
		pieces := s.yieldPieces(func(*[]byte) (_ []byte, err error) {
			c.Data, c.End, err = s.httpChunk()
			return c.Data, err
		})
		for _, err := range pieces {
			if err != nil {
				c = HTTPChunk{}
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// httpChunk is ReadHTTPChunk with a slice of the buffer.
func (s *StreamReader) httpChunk() ([]byte, bool, error) {
	if !s.chunks {
		return nil, false, &errors.InvalidRequestError{Field: "ReadHTTPChunk", Reason: "the request has no HTTPChunks"}
	}
	if len(s.bufferedBytes()) == 0 {
		s.fillBuffer()
	}
	b, _ := s.src.(*responseBody) // nil: another kind of body
	if b != nil && b.decoding != nil && s.err == io.EOF {
		b.passChunk() // the decoder may have had the end together with the last bytes
	}
	if b != nil && b.decoding != nil && b.decoding.passed > s.ended && b.decoding.passed == s.total {
		s.ended = b.decoding.passed
		return nil, true, nil
	}
	for left := b.chunkLeft(); left > 0 && s.err == nil; left = b.chunkLeft() {
		if int64(len(s.bufferedBytes()))+left > int64(s.ahead) {
			break
		}
		s.fillBuffer()
	}
	n := len(s.bufferedBytes())
	if n == 0 {
		return nil, false, s.err
	}
	return s.takeBuffered(n), b.chunkLeft() == 0, nil
}

// watchChunks prepares a body of which the chunks are asked for.
func (b *responseBody) watchChunks() {
	b.chunks = true
	if b.decoding != nil {
		b.decoding.body = b
	}
}

// chunkLeft is how much is missing of the chunk that the last byte belongs to, or
// -1 if that is not known.
func (b *responseBody) chunkLeft() int64 {
	if b == nil || !b.chunks || b.decoding != nil {
		return -1
	}
	return max(b.call.recorder().ChunkEnd()-b.done, -1)
}

// passChunk notes how much was decoded when the decoder has all of a chunk and
// asks for more.
func (b *responseBody) passChunk() {
	if b.chunks && b.decoding.n > 0 && b.decoding.n == b.call.recorder().ChunkEnd() {
		b.decoding.passed = b.done
	}
}

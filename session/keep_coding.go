package session

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// keepCoding delivers the body as it is on the wire, if nothing of it was read yet. If
// mayBeTwice, what the coding hides may be in that coding itself: then it is undone.
func (r *Response) keepCoding(mayBeTwice bool) bool {
	b := &r.body
	if b.decoding == nil || b.done > 0 || b.decoding.n > 0 || mayBeTwice && r.isCodedTwice() {
		return false
	}
	b.src, b.decoding, b.total = b.decoding.ReadCloser, nil, r.ContentLength
	return true
}

// codingMark is what data in a coding begins with, and how much of it, in bytes, has to be
// there before anything can be decoded.
type codingMark struct {
	mark string
	room int
}

// codingMarks are those of gzip (RFC 1952 2.3.1), whose tables take a few hundred bytes, and
// of zstd (RFC 8878 3.1.1), which is decoded by blocks of up to 128 KiB. That in br has none.
var codingMarks = map[string]codingMark{
	"gzip": {"\x1f\x8b", 1 << 10}, "x-gzip": {"\x1f\x8b", 1 << 10}, "zstd": {"\x28\xb5\x2f\xfd", 129 << 10},
}

// isCodedTwice reports whether what the body's coding hides is in the same coding. It
// waits for the start of the body, and takes nothing of it.
func (r *Response) isCodedTwice() bool {
	coding := strings.TrimSpace(strings.ToLower(r.Header.Get("Content-Encoding")))
	known, ok := codingMarks[coding]
	if !ok {
		return false
	}
	wire := r.body.decoding.ReadCloser
	src := bufio.NewReaderSize(wire, known.room)
	start, _ := src.Peek(known.room) // who reads on comes upon the error
	r.body.decoding.ReadCloser = readCloser{src, wire}
	dec, ok := r.call.opts.coding.newDecoder(r.Header["Content-Encoding"], io.NopCloser(bytes.NewReader(start)))
	if !ok {
		return false
	}
	defer dec.Close() // of memory
	hidden := make([]byte, len(known.mark))
	_, err := io.ReadFull(dec, hidden)
	return err == nil && string(hidden) == known.mark
}

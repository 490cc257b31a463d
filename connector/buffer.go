package connector

import "sync"

// copyBuffer is the size for bulk copies: large enough that the calls into the
// kernel do not count, small enough to stay in a core's cache.
const copyBuffer = 128 << 10

// smallCopy is the size for bodies that are known to be no larger, of which there
// may be very many at the same time.
const smallCopy = 4 << 10

var smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallCopy); return &b }}

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

func getBuffer() *[]byte  { return buffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func putBuffer(b *[]byte) { buffers.Put(b) }

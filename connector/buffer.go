package connector

import "sync"

// copyBuffer is the size for bulk copies: large enough that the calls into the
// kernel do not count, small enough to stay in a core's cache.
const copyBuffer = 128 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

func getBuffer() *[]byte  { return buffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func putBuffer(b *[]byte) { buffers.Put(b) }

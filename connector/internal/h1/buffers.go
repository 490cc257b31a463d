package h1

import "sync"

// bufferSize must stay net/http's own: it is also its bound for a trailer, and a
// bufio.Writer of another size would be wrapped by another one.
const bufferSize = 4096

// copyBufferSize is for bodies that are sent: large enough that the calls into the kernel
// do not count, small enough to stay in a core's cache.
const copyBufferSize = 128 << 10

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copyBufferSize); return &b }}

func getCopyBuffer() *[]byte  { return copyBuffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func putCopyBuffer(b *[]byte) { copyBuffers.Put(b) }

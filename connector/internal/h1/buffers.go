package h1

import (
	"bufio"
	"io"
	"sync"
)

// bufferSize must stay net/http's own: it is also its bound for a trailer, and a
// bufio.Writer of another size would be wrapped by another one.
const bufferSize = 4096

// copyBufferSize is for bodies that are sent: large enough that the calls into the kernel
// do not count, small enough to stay in a core's cache.
const copyBufferSize = 128 << 10

var (
	readers     = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, bufferSize) }}
	writers     = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, bufferSize) }}
	copyBuffers = sync.Pool{New: func() any { b := make([]byte, copyBufferSize); return &b }}
)

func getReader(r io.Reader) *bufio.Reader {
	br := readers.Get().(*bufio.Reader) //nolint:errcheck // the pool holds nothing else
	br.Reset(r)
	return br
}

func putReader(br *bufio.Reader) {
	br.Reset(nil)
	readers.Put(br)
}

func getWriter(w io.Writer) *bufio.Writer {
	bw := writers.Get().(*bufio.Writer) //nolint:errcheck // the pool holds nothing else
	bw.Reset(w)
	return bw
}

func putWriter(bw *bufio.Writer) {
	bw.Reset(nil)
	writers.Put(bw)
}

func getCopyBuffer() *[]byte  { return copyBuffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func putCopyBuffer(b *[]byte) { copyBuffers.Put(b) }

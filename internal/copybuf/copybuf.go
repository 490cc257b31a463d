// Package copybuf copies bodies in bulk, and has the buffers for that in one pool for all
// who copy.
package copybuf

import (
	"io"
	"sync"
)

// Size is the length of a buffer: large enough that the calls into the kernel do not count,
// small enough to stay in a core's cache.
const Size = 128 << 10

var pool = sync.Pool{New: func() any { b := make([]byte, Size); return &b }}

// Get returns a buffer of Size bytes, which may hold anything. Put should follow.
func Get() *[]byte { return pool.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else

// Put gives a buffer back that Get has returned. It must not be used any more.
func Put(b *[]byte) { pool.Put(b) }

// Copy writes what each Read of src gives to dst before it reads again, up to io.EOF, which
// is no error. Unlike [io.CopyBuffer] it asks neither for an io.WriterTo nor for an
// io.ReaderFrom: it is what those are made with.
func Copy(dst io.Writer, src io.Reader, buf []byte) (total int64, err error) {
	for {
		n, err := src.Read(buf)
		if n > 0 {
			m, werr := dst.Write(buf[:n])
			total += int64(m)
			if werr == nil && m < n {
				werr = io.ErrShortWrite
			}
			if werr != nil {
				return total, werr
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

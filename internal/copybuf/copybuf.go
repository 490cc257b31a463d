// Package copybuf has the buffers that bodies are copied with in bulk, in one pool for all
// who copy.
package copybuf

import "sync"

// Size is the length of a buffer: large enough that the calls into the kernel do not count,
// small enough to stay in a core's cache.
const Size = 128 << 10

var pool = sync.Pool{New: func() any { b := make([]byte, Size); return &b }}

// Get returns a buffer of Size bytes, which may hold anything. Put should follow.
func Get() *[]byte { return pool.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else

// Put gives a buffer back that Get has returned. It must not be used any more.
func Put(b *[]byte) { pool.Put(b) }

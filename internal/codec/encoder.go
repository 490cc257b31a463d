package codec

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
)

const (
	// brotliQuality has the speed of gzip's default, and makes JSON smaller: see
	// BenchmarkEncoders. The higher ones are for files that are served often.
	brotliQuality = 2
	brotliWindow  = 19      // 512 KiB, nginx's default
	zstdWindow    = 1 << 20 // the default, 8 MiB, is for files, and costs 20 MiB
	sourceBuffer  = 32 << 10
)

// Coding returns the canonical name of a coding that can be applied, or "".
// Case does not matter.
func Coding(name string) string { return codingNames[kindOf(name)] }

var codingNames = [kinds]string{gzipCoding: "gzip", deflateCoding: "deflate", brotliCoding: "br", zstdCoding: "zstd"}

// writer is what the four encoders have in common.
type writer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// encoder is a pooled encoder with what it has put out and what it reads into.
type encoder struct {
	w   writer
	out bytes.Buffer
	in  [sourceBuffer]byte
}

var encoderPools [kinds]sync.Pool

func getEncoder(k kind) (*encoder, error) {
	if e, ok := encoderPools[k].Get().(*encoder); ok {
		e.w.Reset(&e.out)
		return e, nil
	}
	e := new(encoder)
	switch k {
	case gzipCoding:
		e.w = gzip.NewWriter(&e.out)
	case brotliCoding:
		e.w = brotli.NewWriterOptions(&e.out, brotli.WriterOptions{Quality: brotliQuality, LGWin: brotliWindow})
	case zstdCoding:
		w, err := zstd.NewWriter(&e.out,
			zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(zstdWindow))
		if err != nil {
			return nil, err
		}
		e.w = w
	default:
		e.w = zlib.NewWriter(&e.out) // RFC 9110 8.4.1.2: deflate is zlib's format
	}
	return e, nil
}

func putEncoder(k kind, e *encoder) {
	e.out.Reset()
	encoderPools[k].Put(e)
}

// Compress applies a coding to data that is in memory. The result is the
// caller's.
func Compress(coding string, data []byte) ([]byte, error) {
	k := kindOf(Coding(coding))
	e, err := getEncoder(k)
	if err != nil {
		return nil, err
	}
	defer putEncoder(k, e)
	if _, err := e.w.Write(data); err != nil {
		return nil, err
	}
	if err := e.w.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(e.out.Bytes()), nil
}

// Encoder applies a coding to what it reads from a source, which it does not
// read ahead of its reader by more than the coding needs. It is used by one
// goroutine at a time, and works in that alone; Close may be called from any.
type Encoder struct {
	mu     sync.Mutex // Close may come while a Read is under way
	kind   kind
	src    io.ReadCloser
	enc    *encoder // nil before the first Read, and when it was put back
	err    error    // for when out is empty
	closed atomic.Bool
}

// NewEncoder applies coding, one that [Coding] knows, to src. Nothing is read
// before the first Read. Close closes src. An error of src is returned as it is.
func NewEncoder(coding string, src io.ReadCloser) *Encoder {
	return &Encoder{kind: kindOf(coding), src: src}
}

// Read encodes. It returns as soon as there is something.
func (e *Encoder) Read(p []byte) (int, error) {
	e.mu.Lock()
	n, err := e.read(p)
	e.mu.Unlock()
	if e.closed.Load() {
		e.releaseClosed() // Close could not
	}
	return n, err
}

func (e *Encoder) read(p []byte) (int, error) {
	if e.closed.Load() && e.err == nil {
		e.err = errors.ErrConnectionClosed
	}
	if e.enc == nil && e.err == nil {
		e.enc, e.err = getEncoder(e.kind)
	}
	if len(p) == 0 {
		return 0, nil
	}
	for e.enc != nil && e.enc.out.Len() == 0 && e.err == nil {
		e.encodeMore()
	}
	if e.enc != nil && e.enc.out.Len() > 0 && (e.err == nil || e.err == io.EOF) {
		return e.enc.out.Read(p)
	}
	e.putBack()
	return 0, e.err
}

// encodeMore encodes what the source has next.
func (e *Encoder) encodeMore() {
	n, err := e.src.Read(e.enc.in[:])
	if n > 0 {
		if _, werr := e.enc.w.Write(e.enc.in[:n]); werr != nil && (err == nil || err == io.EOF) {
			err = werr
		}
	}
	if err == io.EOF {
		if cerr := e.enc.w.Close(); cerr != nil {
			err = cerr
		}
	}
	e.err = err
}

func (e *Encoder) putBack() {
	if e.enc != nil {
		putEncoder(e.kind, e.enc)
		e.enc = nil
	}
}

// Close closes the source and gives the encoder back. If a Read is under way,
// that Read gives it back.
func (e *Encoder) Close() error {
	e.closed.Store(true)
	err := e.src.Close()
	e.releaseClosed()
	return err
}

// releaseClosed ends an encoder that was closed, unless a Read is under way.
func (e *Encoder) releaseClosed() {
	if !e.mu.TryLock() {
		return
	}
	defer e.mu.Unlock()
	if e.err == nil || e.err == io.EOF {
		e.err = errors.ErrConnectionClosed
	}
	e.putBack()
}

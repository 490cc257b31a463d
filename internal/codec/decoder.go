package codec

import (
	"bufio"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

const (
	inputBuffer = 16 << 10 // what a decoder reads at once
	copyBuffer  = 32 << 10 // what it decodes at once: the window of deflate
)

// decoder is a pooled decoder with its input buffer. Its parts are made when
// they are first needed.
type decoder struct {
	in  *bufio.Reader
	gz  *gzip.Reader
	raw io.ReadCloser // flate, with Resetter
	zl  io.ReadCloser // zlib, with Resetter
	cur io.Reader     // the one in use
}

// The decoders of one kind share a pool: an unused gzip.Reader in a deflate
// decoder would cost 40 KiB.
var gzipPool, deflatePool, bufferPool sync.Pool

func pool(k kind) *sync.Pool {
	if k == gzipCoding {
		return &gzipPool
	}
	return &deflatePool
}

func getDecoder(k kind) *decoder {
	if d, ok := pool(k).Get().(*decoder); ok {
		return d
	}
	return &decoder{in: bufio.NewReaderSize(nil, inputBuffer)}
}

// putDecoder keeps a decoder, without what it has read from.
func putDecoder(k kind, d *decoder) {
	d.in.Reset(nil)
	d.cur = nil
	if d.gz != nil {
		d.gz.Header = gzip.Header{}
	}
	pool(k).Put(d)
}

func getBuffer() *[copyBuffer]byte {
	if b, ok := bufferPool.Get().(*[copyBuffer]byte); ok {
		return b
	}
	return new([copyBuffer]byte)
}

func putBuffer(b *[copyBuffer]byte) { bufferPool.Put(b) }

func (d *decoder) Read(p []byte) (int, error) { return d.cur.Read(p) }

// start begins to decode what is in the input, of which there is a byte. Only
// gzip may be started again, on its next member (RFC 1952 2.2).
func (d *decoder) start(k kind, first bool) error {
	switch {
	case k == gzipCoding:
		return d.startGzip()
	case first:
		return d.startDeflate()
	}
	return errTrailing
}

func (d *decoder) startGzip() error {
	if d.gz == nil {
		d.gz = new(gzip.Reader)
	}
	d.cur = d.gz
	err := d.gz.Reset(d.in)
	// On its own, the package takes a member that is cut off within its name
	// for the regular end.
	d.gz.Multistream(false)
	return err
}

// startDeflate finds out whether this is the deflate of RFC 9110, which is
// zlib's format, or the bare one that some servers send.
func (d *decoder) startDeflate() (err error) {
	head, _ := d.in.Peek(2) // the decoder comes upon the error too
	if isZlib(head) {
		if d.zl == nil {
			d.zl, err = zlib.NewReader(d.in)
		} else {
			err = d.zl.(zlib.Resetter).Reset(d.in, nil) //nolint:errcheck // documented
		}
		d.cur = d.zl
		return err
	}
	if d.raw == nil {
		d.raw = flate.NewReader(d.in)
	} else {
		err = d.raw.(flate.Resetter).Reset(d.in, nil) //nolint:errcheck // documented
	}
	d.cur = d.raw
	return err
}

// isZlib reports whether head starts with the two bytes of RFC 1950 2.2.
func isZlib(head []byte) bool {
	return len(head) >= 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0
}

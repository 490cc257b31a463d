package codec

import (
	"bufio"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

const (
	inputBuffer = 16 << 10 // what a decoder reads at once
	copyBuffer  = 32 << 10 // what it decodes at once: the window of deflate
	// maxWindow bounds what a zstd frame may ask for. RFC 9659 3: a window for a
	// content coding is at most 8 MiB. Brotli's is bounded by its format: 16 MiB.
	maxWindow = 8 << 20
)

// decoder is a pooled decoder with its input buffer. Its parts are made when
// they are first needed.
type decoder struct {
	in     *bufio.Reader
	gz     *gzip.Reader
	raw    io.ReadCloser // flate, with Resetter
	zl     io.ReadCloser // zlib, with Resetter
	br     *brotli.Reader
	zs     *zstd.Decoder
	custom io.Closer // the caller's; not kept
	cur    io.Reader // the one in use
}

// The decoders of one kind share a pool: an unused gzip.Reader in a deflate
// decoder would cost 40 KiB.
var decoderPools [kinds]sync.Pool

var bufferPool = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

func getDecoder(k kind) *decoder {
	if d, ok := decoderPools[k].Get().(*decoder); ok {
		return d
	}
	return &decoder{in: bufio.NewReaderSize(nil, inputBuffer)}
}

// putDecoder keeps a decoder, without what it has read from.
func putDecoder(k kind, d *decoder) {
	if d.custom != nil {
		d.custom.Close() // what counts was read, or nobody wants it
		d.custom = nil
	}
	d.in.Reset(nil)
	d.cur = nil
	if d.gz != nil {
		d.gz.Header = gzip.Header{}
	}
	decoderPools[k].Put(d)
}

func (d *decoder) Read(p []byte) (int, error) { return d.cur.Read(p) }

// start begins to decode what is in the input, of which there is a byte. Only
// gzip may be started again, on its next member (RFC 1952 2.2); the decoder of
// zstd finds its next frame itself (RFC 8878 3.1).
func (d *decoder) start(s step, first bool) error {
	switch {
	case s.kind == gzipCoding:
		return d.startGzip()
	case !first:
		return errTrailing
	case s.kind == deflateCoding:
		return d.startDeflate()
	case s.kind == brotliCoding:
		return d.startBrotli()
	case s.kind == zstdCoding:
		return d.startZstd()
	}
	r, err := s.open(d.in)
	if err != nil {
		return err
	}
	d.cur, d.custom = r, r
	return nil
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

// passPadding looks at what follows the data, of which there is a byte: another member of
// gzip's, or nothing but zeros and line ends. Those are read to their end, which is io.EOF:
// gzip(1) passes over zeros too, and programs that print a body add a line end, whatever
// the coding. The decoders of br and zstd look at what follows themselves, and take none.
func (d *decoder) passPadding(k kind) error {
	trailing := errTrailing
	if k == gzipCoding {
		trailing = errTrailingGzip
	}
	for n := 0; ; n++ {
		c, err := d.in.ReadByte()
		if err != nil {
			return err
		}
		if c == 0 || c == '\r' || c == '\n' {
			if n < maxPadding {
				continue
			}
			return trailing
		}
		if n > 0 || k != gzipCoding {
			return trailing
		}
		if err := d.in.UnreadByte(); err != nil {
			return err
		}
		return d.checkMember()
	}
}

// checkMember refuses what does not begin as a member does (RFC 1952 2.3.1).
func (d *decoder) checkMember() error {
	head, err := d.in.Peek(2)
	if head[0] != 0x1f || len(head) == 2 && head[1] != 0x8b {
		return errTrailingGzip
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF // within a header
	}
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

func (d *decoder) startBrotli() error {
	if d.br == nil {
		d.br = new(brotli.Reader)
	}
	d.cur = d.br
	return d.br.Reset(d.in)
}

// startZstd keeps the decoder to one goroutine, the caller's: others would
// outlive a body that is left alone.
func (d *decoder) startZstd() (err error) {
	if d.zs == nil {
		d.zs, err = zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return err
		}
	}
	d.cur = d.zs
	return d.zs.Reset(d.in)
}

// Package codec undoes content codings (RFC 9110 8.4): gzip and deflate, with
// pooled decoders. Setting up a decoder costs more than a small body, so that
// pooling counts for more than the speed of the decoder.
package codec

import (
	"bufio"
	stderrors "errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"github.com/aiolos-http/aiolos/errors"
)

// maxStacked bounds the codings that a response may have on top of each other.
const maxStacked = 5

// Known reports whether coding can be undone. Case does not matter.
func Known(coding string) bool {
	return kindOf(coding) != unknown
}

type kind uint8

const (
	unknown kind = iota
	identity
	gzipCoding
	deflateCoding
)

func kindOf(coding string) kind {
	switch {
	case strings.EqualFold(coding, "gzip"), strings.EqualFold(coding, "x-gzip"):
		return gzipCoding
	case strings.EqualFold(coding, "deflate"):
		return deflateCoding
	case strings.EqualFold(coding, "identity"), coding == "":
		return identity
	}
	return unknown
}

// NewReader undoes the codings that the lines of a Content-Encoding header
// name, the last first. It reports false, and leaves src alone, if there is
// nothing to undo, or a coding that is unknown, or too many.
//
// Nothing is read before the first Read. An error of src is returned as it is;
// any other is an [errors.ClientPayloadError] of the class ErrContentEncoding.
// Close closes src.
func NewReader(lines []string, src io.ReadCloser) (io.ReadCloser, bool) {
	var kinds [maxStacked]kind
	n := 0
	for _, line := range lines {
		for coding := range strings.SplitSeq(line, ",") {
			k := kindOf(strings.TrimSpace(coding))
			switch {
			case k == identity:
				continue
			case k == unknown || n == maxStacked:
				return nil, false
			}
			kinds[n] = k
			n++
		}
	}
	if n == 0 {
		return nil, false
	}
	for i := n - 1; i >= 0; i-- {
		src = &reader{kind: kinds[i], src: source{rc: src}}
	}
	return src, true
}

// reader decodes one coding.
type reader struct {
	mu    sync.Mutex // Close may come while a Read is under way
	kind  kind
	src   source
	dec   *decoder
	empty bool // src had not a single byte
	err   error
}

// source is what is decoded. It remembers its own errors, so that they can be
// told from the decoder's.
type source struct {
	rc  io.ReadCloser
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.rc.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.dec == nil {
		if err := r.open(); err != nil {
			return 0, r.fail(err)
		}
	}
	n, err := r.dec.Read(p)
	if err == io.EOF {
		err = r.finish()
	}
	if err != nil {
		err = r.fail(err)
	}
	return n, err
}

// open starts the decoder, unless there is nothing to decode.
func (r *reader) open() error {
	dec := getDecoder(r.kind)
	err := dec.reset(r.kind, &r.src)
	if err != nil {
		putDecoder(r.kind, dec)
		if r.src.n == 0 && err == io.EOF {
			r.empty = true
			return io.EOF
		}
		return err
	}
	r.dec = dec
	return nil
}

// finish reads what follows the coded data: nothing may, but a connection is
// only free once its end was seen.
func (r *reader) finish() error {
	var one [1]byte
	for range 4 {
		switch n, err := r.dec.in.Read(one[:]); {
		case n > 0:
			return errTrailing
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

var errTrailing = stderrors.New("data after the end of the encoded body")

// fail ends the reading and gives the error its class.
func (r *reader) fail(err error) error {
	switch {
	case r.src.err != nil:
		err = r.src.err
	case err == io.EOF && (r.dec != nil || r.empty):
	default:
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		err = &errors.ClientPayloadError{
			Received: r.src.n, Expected: -1, Kind: errors.ErrContentEncoding, Err: err,
		}
	}
	r.err = err
	r.putBack()
	return err
}

func (r *reader) putBack() {
	if r.dec != nil {
		putDecoder(r.kind, r.dec)
		r.dec = nil
	}
}

// Close closes the source. A Read that is under way gives the decoder back when
// it returns.
func (r *reader) Close() error {
	err := r.src.rc.Close()
	if r.mu.TryLock() {
		if r.err == nil {
			r.err = errors.ErrConnectionClosed
		}
		r.putBack()
		r.mu.Unlock()
	}
	return err
}

// decoder is a pooled decoder with its input buffer.
type decoder struct {
	in  *bufio.Reader
	gz  *gzip.Reader
	raw io.ReadCloser // flate, with Resetter
	zl  io.ReadCloser // zlib, with Resetter
	cur io.Reader
}

var gzipPool, deflatePool sync.Pool

func pool(k kind) *sync.Pool {
	if k == gzipCoding {
		return &gzipPool
	}
	return &deflatePool
}

// inputBuffer is what a decoder reads at once.
const inputBuffer = 16 << 10

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
	pool(k).Put(d)
}

func (d *decoder) Read(p []byte) (int, error) { return d.cur.Read(p) }

// reset starts on new data, whose beginning it reads.
func (d *decoder) reset(k kind, src io.Reader) error {
	d.in.Reset(src)
	if k == gzipCoding {
		return d.resetGzip()
	}
	return d.resetDeflate()
}

func (d *decoder) resetGzip() (err error) {
	if d.gz == nil {
		d.gz, err = gzip.NewReader(d.in)
	} else {
		err = d.gz.Reset(d.in)
	}
	d.cur = d.gz
	return err
}

// resetDeflate finds out whether this is the deflate of RFC 9110, which is
// zlib's format, or the bare one that some servers send.
func (d *decoder) resetDeflate() (err error) {
	head, err := d.in.Peek(2)
	if len(head) == 0 {
		return err
	}
	if len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
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
		err = nil
	} else {
		err = d.raw.(flate.Resetter).Reset(d.in, nil) //nolint:errcheck // documented
	}
	d.cur = d.raw
	return err
}

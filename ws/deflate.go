package ws

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
)

const (
	maxWindowBits = 15
	maxWindow     = 1 << maxWindowBits
	// maxStreams bounds the deflate streams within one message: each costs the
	// copying of a window.
	maxStreams = 64
	// flushTail ends a flushed deflate stream and is not sent, RFC 7692 7.2.1.
	flushTail = "\x00\x00\xff\xff"
	// endTail gives it back, and ends the stream with an empty last block.
	endTail = flushTail + "\x01\x00\x00\xff\xff"
)

// writers are compressors by level; each is more than a megabyte.
var writers [flate.BestCompression + 1]sync.Pool

// deflater compresses messages. It is used under Conn.sending.
type deflater struct {
	level    int
	window   int // of the peer's inflater, in bytes
	takeover bool

	buf bytes.Buffer
	w   *flate.Writer // the one with the history, if takeover
}

// compress returns the message's payload, which is valid until the next call.
func (d *deflater) compress(p []byte, level int) ([]byte, error) {
	d.buf.Reset()
	own := level == d.level && d.takeover && d.window == maxWindow
	if d.w != nil && !own {
		// The peer's window gets a message that d.w does not know: its
		// distances would be wrong.
		d.w.Reset(&d.buf)
	}
	w := d.w
	if !own || w == nil {
		var ok bool
		if w, ok = writers[level].Get().(*flate.Writer); ok {
			w.Reset(&d.buf)
		} else {
			var err error
			if w, err = flate.NewWriter(&d.buf, level); err != nil {
				return nil, err
			}
		}
	}
	if err := d.writeWindows(w, p); err != nil {
		return nil, err
	}
	if own {
		d.w = w
	} else {
		writers[level].Put(w)
	}
	return bytes.TrimSuffix(d.buf.Bytes(), []byte(flushTail)), nil
}

// putWriter gives the compressor with the history back.
func (d *deflater) putWriter() {
	if d != nil && d.w != nil {
		writers[d.level].Put(d.w)
		d.w = nil
	}
}

// writeWindows compresses p. The standard library's window is always 32 KiB, so for a
// peer with a smaller one the history is dropped each time that it is full: no
// distance can be longer than that.
func (d *deflater) writeWindows(w *flate.Writer, p []byte) error {
	for len(p) > d.window && d.window < maxWindow {
		if _, err := w.Write(p[:d.window]); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		w.Reset(&d.buf)
		p = p[d.window:]
	}
	if _, err := w.Write(p); err != nil {
		return err
	}
	return w.Flush()
}

// inflater decompresses messages. It belongs to the reader, see reader.go.
type inflater struct {
	takeover bool
	limit    int64 // of a message, negative: none

	r       io.ReadCloser
	src     tailReader
	history []byte // the last 32 KiB and perhaps more, if takeover
}

// inflate returns the message. Peers may end a stream with a last block and go
// on with another, RFC 7692 7.2.3.4; all of p is read in any case, because what
// is left over would be taken for the start of the next message.
func (d *inflater) inflate(p []byte) ([]byte, error) {
	d.src = tailReader{p: p}
	out := make([]byte, 0, d.guessSize(len(p)))
	dict := lastWindow(d.history)
	for range maxStreams {
		if err := d.resetStream(dict); err != nil {
			return nil, err
		}
		var err error
		if out, err = d.readStream(out); err != nil {
			return nil, err
		}
		if d.src.n >= len(p) {
			d.keepHistory(out)
			return out, nil
		}
		dict = slices.Concat(lastWindow(d.history), lastWindow(out))
	}
	return nil, &violation{CloseInvalidText, "compressed message of too many streams"}
}

// keepHistory keeps the end of a message, to which the next one may refer.
func (d *inflater) keepHistory(out []byte) {
	if !d.takeover {
		return
	}
	out = lastWindow(out)
	if len(d.history)+len(out) > 2*maxWindow {
		d.history = append(d.history[:0], lastWindow(d.history)...)
	}
	d.history = append(d.history, out...)
}

// lastWindow is the end of b that a window can hold.
func lastWindow(b []byte) []byte { return b[max(0, len(b)-maxWindow):] }

func (d *inflater) guessSize(n int) int {
	guess := min(int64(n)*4+64, highWater)
	if d.limit >= 0 {
		guess = min(guess, d.limit+1)
	}
	return int(guess)
}

func (d *inflater) resetStream(dict []byte) error {
	if d.r == nil {
		d.r = flate.NewReaderDict(&d.src, dict)
		return nil
	}
	r, ok := d.r.(flate.Resetter)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.Reset(&d.src, dict)
}

// readStream appends one stream to out.
func (d *inflater) readStream(out []byte) ([]byte, error) {
	for {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := d.r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case d.limit >= 0 && int64(len(out)) > d.limit:
			return nil, tooBig(d.limit)
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, &violation{CloseInvalidText, "compressed message that cannot be decoded: " + err.Error()}
		}
	}
}

// tailReader reads p and then endTail. As it is an io.ByteReader, flate takes no
// more of it than it needs.
type tailReader struct {
	p []byte
	n int
}

func (r *tailReader) ReadByte() (byte, error) {
	i := r.n
	switch {
	case i < len(r.p):
		r.n++
		return r.p[i], nil
	case i < len(r.p)+len(endTail):
		r.n++
		return endTail[i-len(r.p)], nil
	}
	return 0, io.ErrUnexpectedEOF
}

func (r *tailReader) Read(b []byte) (n int, err error) {
	if r.n < len(r.p) {
		n = copy(b, r.p[r.n:])
	} else if n = copy(b, endTail[min(r.n-len(r.p), len(endTail)):]); n == 0 && len(b) > 0 {
		return 0, io.ErrUnexpectedEOF
	}
	r.n += n
	return n, nil
}

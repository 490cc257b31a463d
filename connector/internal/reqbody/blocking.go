package reqbody

import (
	"fmt"
	"io"
	"sync"
)

// Blocking is a body whose Read may block. It closes the body once, and remembers how the
// reading ended, until then. It gives no more than the length that was announced, and its
// last byte only when the end is known: else a body that is too long would be a complete
// request of another length. One that is too short fails.
type Blocking struct {
	body   io.ReadCloser
	length int64 // or 0 and less

	// Hold is called before the first Read, which fails with its error; closed is
	// closed with the body. Nil: nothing is to be waited for.
	Hold func(closed <-chan struct{}) error

	mu       sync.Mutex
	read     int64
	err      error
	waits    bool // a Read of body is under way
	isClosed bool
	closed   chan struct{}
}

func newBlocking(body io.ReadCloser, length int64) *Blocking {
	return &Blocking{body: body, length: length, closed: make(chan struct{})}
}

// Closed is closed with the body.
func (b *Blocking) Closed() <-chan struct{} { return b.closed }

func (b *Blocking) Read(p []byte) (int, error) {
	if b.Hold != nil {
		if err := b.Hold(b.closed); err != nil {
			return 0, err
		}
		b.Hold = nil
	}
	b.setWaits(true)
	n, err := b.body.Read(p)
	read := b.read + int64(n) // read is this goroutine's to write
	if b.length > 0 && n > 0 && read >= b.length {
		if err == nil {
			err = b.readEnd(read - b.length)
		}
		if read > b.length && err == io.EOF {
			err = b.tooLong()
		}
		if err != nil && err != io.EOF {
			n = int(max(min(read, b.length)-1-b.read, 0)) // the request must not look complete
		}
	}
	if err == io.EOF && read < b.length {
		err = &LengthError{Length: b.length} // net/http does not look, with HTTP/2
	}
	b.mu.Lock()
	b.waits, b.read = false, read
	if err != nil && b.err == nil && !b.isClosed {
		b.err = err
	}
	b.mu.Unlock()
	return n, err
}

// readEnd looks for the end of a body of which all that was announced has come.
func (b *Blocking) readEnd(over int64) error {
	if over > 0 {
		return b.tooLong()
	}
	var one [1]byte
	for range 100 {
		n, err := b.body.Read(one[:])
		if n > 0 {
			return b.tooLong()
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

func (b *Blocking) tooLong() error { return &LengthError{Length: b.length, More: true} }

// LengthError is a body that is not as long as its Content-Length.
type LengthError struct {
	Length int64
	More   bool // longer; else shorter
}

func (e *LengthError) Error() string {
	if e.More {
		return fmt.Sprintf("the body is longer than its Content-Length of %d", e.Length)
	}
	return fmt.Sprintf("the body is shorter than its Content-Length of %d", e.Length)
}

func (b *Blocking) setWaits(waits bool) {
	b.mu.Lock()
	b.waits = waits
	b.mu.Unlock()
}

// WaitsForSource reports whether the body's own Read is under way, which may take for ever.
func (b *Blocking) WaitsForSource() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits
}

// Close closes the body once.
func (b *Blocking) Close() error {
	b.mu.Lock()
	if b.isClosed {
		b.mu.Unlock()
		return nil
	}
	b.isClosed = true
	close(b.closed)
	b.mu.Unlock()
	return b.body.Close()
}

func (b *Blocking) readError() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

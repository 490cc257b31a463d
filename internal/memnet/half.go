package memnet

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// half is one direction of a connection: a bounded buffer with a writer at one
// end and a reader at the other.
type half struct {
	mu       sync.Mutex
	wake     *sync.Cond // something below has changed
	buf      bytes.Buffer
	capacity int
	writing  bool // a write is under way, others wait for it to end

	finished     bool // the writer has no more to say
	writerClosed bool
	readerClosed bool
	reset        bool

	readBy, writeBy deadline
}

func newHalf(capacity int) *half {
	if capacity <= 0 {
		capacity = defaultBuffer
	}
	h := &half{capacity: capacity}
	h.wake = sync.NewCond(&h.mu)
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readerClosed:
			return 0, net.ErrClosed
		case len(p) == 0:
			return 0, nil
		case h.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case h.buf.Len() > 0:
			n, err := h.buf.Read(p)
			h.wake.Broadcast()
			return n, err
		case h.reset:
			return 0, syscall.ECONNRESET
		case h.finished:
			return 0, io.EOF
		}
		h.wake.Wait()
	}
}

func (h *half) write(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.writing {
		h.wake.Wait()
	}
	h.writing = true
	defer func() {
		h.writing = false
		h.wake.Broadcast()
	}()
	for {
		if err := h.writeError(); err != nil {
			return n, err
		}
		room := min(h.capacity-h.buf.Len(), len(p)-n)
		h.buf.Write(p[n : n+room])
		if n += room; n == len(p) {
			return n, nil
		}
		h.wake.Broadcast()
		h.wake.Wait()
	}
}

// writeError is why nothing can be written.
func (h *half) writeError() error {
	switch {
	case h.writerClosed:
		return net.ErrClosed
	case h.reset:
		return syscall.ECONNRESET
	case h.finished, h.readerClosed:
		return syscall.EPIPE
	case h.writeBy.passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// closeSending is the writer's end of file.
func (h *half) closeSending() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerClosed {
		return net.ErrClosed
	}
	h.finished = true
	h.wake.Broadcast()
	return nil
}

func (h *half) closeWriter() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerClosed {
		return net.ErrClosed
	}
	h.writerClosed, h.finished = true, true
	h.writeBy.stop()
	h.wake.Broadcast()
	return nil
}

func (h *half) closeReader() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readerClosed = true
	h.buf = bytes.Buffer{}
	h.readBy.stop()
	h.wake.Broadcast()
}

// abort loses the direction. What is in the buffer stays if it has arrived at
// the peer, as it does in TCP, and goes if the peer is the one that is lost.
func (h *half) abort(arrived bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reset = true
	if !arrived {
		h.buf = bytes.Buffer{}
	}
	h.wake.Broadcast()
}

func (h *half) setReadDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerClosed {
		return net.ErrClosed
	}
	h.setDeadline(&h.readBy, t)
	return nil
}

func (h *half) setWriteDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerClosed {
		return net.ErrClosed
	}
	h.setDeadline(&h.writeBy, t)
	return nil
}

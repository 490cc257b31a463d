package ws

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

const (
	// highWater is how many bytes may wait to be sent before a send waits too.
	highWater = 64 << 10
	// keepBuffer is the largest buffer that is kept for reuse.
	keepBuffer = 256 << 10
)

var buffers sync.Pool // of *[]byte

func (o *outbound) getBufferLocked() []byte {
	box, ok := buffers.Get().(*[]byte)
	if !ok {
		return make([]byte, 0, 512)
	}
	b := *box
	*box, o.box = nil, box
	return b[:0]
}

func (o *outbound) putBufferLocked(b []byte) {
	if cap(b) > keepBuffer {
		return
	}
	box := o.box
	if box == nil {
		box = new([]byte)
	}
	*box, o.box = b, nil
	buffers.Put(box)
}

// outbound is where the codec writes: a buffer of frames, which is written to
// the connection apart from their making. So a send can be given up without
// leaving half a frame behind, the codec never waits, and frames of many
// goroutines go out in one write.
type outbound struct {
	body         io.Writer
	wake         waker        // interrupts a write
	goWorker     func(func()) // starts a goroutine of the conn's
	onWriteError func(error)  // hears of a failed write, under the lock

	mu       sync.Mutex
	buf      []byte  // frames to write; nil if there are none
	box      *[]byte // an empty one, for the next buffer that is put back; or nil
	queued   uint64  // bytes that were ever put into buf
	flushed  uint64  // and those that were written
	flushing bool    // somebody writes
	sealed   bool    // a Close frame was the last one
	err      error   // why nothing more can be written
	progress chan struct{}

	track      frameTracker // where the codec's stream stands
	drop       bool         // its present frame is dropped
	compressed bool         // its present message is compressed
	held       []byte       // control frames that wait for its next boundary

	latePong    []byte // the payload of a pong that waits for room
	hasLatePong bool
}

// flushTo waits until everything up to position is written. The caller writes it
// itself, if it can be interrupted or need not be.
func (o *outbound) flushTo(ctx context.Context, position uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if position == atBoundary && len(o.held) == 0 {
			if o.queued == 0 { // which is atBoundary
				return nil
			}
			position = o.queued
		}
		switch {
		case position != atBoundary && o.flushed >= position:
			return nil
		case o.err != nil:
			return o.err
		case ctx.Err() != nil:
			return httprule.ContextError(ctx)
		case o.flushing || len(o.buf) == 0: // a held frame waits for its boundary
		case ctx.Done() == nil || o.wake.set != nil:
			o.writeNowLocked(ctx)
			continue
		default:
			o.startFlushLocked()
		}
		o.awaitProgressLocked(ctx)
	}
}

// awaitRoom waits until less than highWater is queued.
func (o *outbound) awaitRoom(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && len(o.buf) >= highWater {
		o.startFlushLocked()
		o.awaitProgressLocked(ctx)
		if ctx.Err() != nil {
			return httprule.ContextError(ctx)
		}
	}
	return o.err
}

// awaitProgressLocked waits for progress or the context's end, without the lock.
func (o *outbound) awaitProgressLocked(ctx context.Context) {
	if o.progress == nil {
		o.progress = make(chan struct{})
	}
	progress := o.progress
	o.mu.Unlock()
	defer o.mu.Lock()
	select {
	case <-progress:
	case <-ctx.Done():
	}
}

// wakeWaitersLocked wakes those in awaitProgressLocked.
func (o *outbound) wakeWaitersLocked() {
	if o.progress != nil {
		close(o.progress)
		o.progress = nil
	}
}

// startFlush has a goroutine write what is queued.
func (o *outbound) startFlush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.startFlushLocked()
}

func (o *outbound) startFlushLocked() {
	if o.flushing || o.err != nil || len(o.buf) == 0 && !o.hasLatePong {
		return
	}
	o.flushing = true
	o.goWorker(o.runFlush)
}

func (o *outbound) runFlush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil {
		if o.hasLatePong && len(o.buf)+len(o.held) < highWater {
			o.hasLatePong = false
			o.injectControlLocked(Pong, o.latePong)
		}
		if len(o.buf) == 0 {
			break
		}
		o.writeLocked()
	}
	o.flushing = false
}

// writeNowLocked writes the buffer until the context ends, and leaves what comes
// meanwhile, or is left then, to a goroutine.
func (o *outbound) writeNowLocked(ctx context.Context) {
	o.flushing = true
	if ctx.Done() == nil {
		o.writeLocked()
	} else {
		o.wake.arm(time.Time{})
		stop := context.AfterFunc(ctx, o.wake.fire)
		o.writeLocked()
		stop()
		o.wake.disarm()
	}
	o.flushing = false
	o.startFlushLocked()
}

// writeLocked writes the buffer, without the lock. The caller holds flushing.
func (o *outbound) writeLocked() {
	buf := o.buf
	o.buf = nil
	o.mu.Unlock()
	n, err := o.body.Write(buf)
	o.mu.Lock()
	if o.wake.set != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		o.buf = append(append(o.getBufferLocked(), buf[n:]...), o.buf...)
		buf, err = buf[:n], nil
	}
	if err != nil && o.err == nil {
		o.err = err
		o.onWriteError(err)
	}
	if o.err == nil {
		o.flushed += uint64(len(buf))
	}
	o.putBufferLocked(buf)
	o.wakeWaitersLocked()
}

// stopWrites ends all writing, and wakes who waits for it.
func (o *outbound) stopWrites() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = net.ErrClosed
	}
	o.wakeWaitersLocked()
}

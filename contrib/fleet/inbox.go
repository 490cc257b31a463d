package fleet

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
)

// inbox receives what scripts publish to this process: on a channel of its own, and on one
// of all processes. Messages may get lost, with a connection or otherwise: who waits for one
// asks again by itself when it is connected anew, and from time to time.
type inbox struct {
	fleet     *Fleet
	connected atomic.Bool
	done      chan struct{}

	mu      sync.Mutex
	cancel  context.CancelFunc // nil: it was not opened yet
	closed  bool
	readers []inboxReader
}

// inboxReader is a part that gets messages. It is called by one goroutine, and quick.
type inboxReader struct {
	topic   string            // the first word of its messages
	message func(text string) // the rest
	again   func()            // messages may have been lost
}

// pingEvery is after what silence the connection is tried.
const pingEvery = 5 * time.Second

func newInbox(f *Fleet) *inbox { return &inbox{fleet: f, done: make(chan struct{})} }

// channelOf is the channel of a process, allChannel that of all.
func (f *Fleet) channelOf(id string) string { return f.cfg.Prefix + ":wake:" + id }
func (f *Fleet) allChannel() string         { return f.cfg.Prefix + ":wake" }

// read adds a reader, and opens the inbox for the first.
func (in *inbox) read(r inboxReader) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.readers = append(in.readers, r)
	if in.cancel != nil || in.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	in.cancel = cancel
	go in.run(ctx)
}

// close ends it: no message comes any more.
func (in *inbox) close() {
	in.mu.Lock()
	cancel := in.cancel
	in.closed = true
	in.mu.Unlock()
	if cancel != nil {
		cancel()
		<-in.done
	}
}

func (in *inbox) run(ctx context.Context) {
	defer close(in.done)
	for ctx.Err() == nil {
		in.receive(ctx)
		in.connected.Store(false)
		select {
		case <-ctx.Done():
		case <-time.After(in.fleet.retryEvery()):
		}
	}
}

// retryEvery is how often work of its own asks a Redis that has not answered.
func (f *Fleet) retryEvery() time.Duration {
	if f.cfg.RetryAfter > 0 {
		return f.cfg.RetryAfter
	}
	return defaultRetryAfter
}

// receive hands out messages until the connection is gone.
func (in *inbox) receive(ctx context.Context) {
	sub := in.fleet.cfg.Redis.Subscribe(ctx, in.fleet.channelOf(in.fleet.id), in.fleet.allChannel())
	closeOnce := sync.OnceFunc(func() { sub.Close() })
	defer closeOnce()
	defer context.AfterFunc(ctx, closeOnce)()
	pinged := false
	for {
		received, err := sub.ReceiveTimeout(ctx, pingEvery)
		if silent, ok := errors.AsType[net.Error](err); ok && silent.Timeout() && !pinged {
			pinged, err = true, sub.Ping(ctx)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return
		}
		pinged = false
		in.handle(received)
	}
}

func (in *inbox) handle(received any) {
	in.mu.Lock()
	readers := in.readers
	in.mu.Unlock()
	switch m := received.(type) {
	case *redis.Subscription:
		if m.Channel != in.fleet.allChannel() { // the second of the two
			return
		}
		in.connected.Store(true)
		for _, r := range readers {
			r.again()
		}
	case *redis.Message:
		topic, text, _ := strings.Cut(m.Payload, " ")
		for _, r := range readers {
			if r.topic == topic {
				r.message(text)
			}
		}
	}
}

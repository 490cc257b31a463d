package fleet

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// listener hears what the processes of the fleet tell each other, over one connection of
// this process. Redis promises nothing of such messages: one that is lost, while the
// connection is away, is lost, so that whoever listens has another bound beside them.
type listener struct {
	client redis.UniversalClient

	mu       sync.Mutex
	handlers map[string]map[*func(string)]bool
	pubsub   *redis.PubSub // nil: nobody has listened yet
	closed   bool
	done     sync.WaitGroup
}

// listen calls handle with each message on the channel, one after the other, until stop is
// called. Handle must not wait for anything. The subscription is made in the background.
func (l *listener) listen(channel string, handle func(message string)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return func() {}
	}
	if l.handlers == nil {
		l.handlers = map[string]map[*func(string)]bool{}
	}
	first := l.handlers[channel] == nil
	if first {
		l.handlers[channel] = map[*func(string)]bool{}
	}
	l.handlers[channel][&handle] = true
	if first {
		l.subscribe(channel)
	}
	return func() { l.leave(channel, &handle) }
}

// subscribe asks for the messages of a channel. The lock is held.
func (l *listener) subscribe(channel string) {
	if l.pubsub == nil {
		pubsub := l.client.Subscribe(context.Background())
		l.pubsub = pubsub
		l.done.Go(func() {
			for m := range pubsub.Channel(redis.WithChannelSize(1024)) {
				l.handle(m)
			}
		})
	}
	pubsub := l.pubsub
	// It may have to dial. If it fails, the client asks again when it has a connection.
	l.done.Go(func() { _ = pubsub.Subscribe(context.Background(), channel) })
}

func (l *listener) handle(m *redis.Message) {
	l.mu.Lock()
	var handlers []func(string)
	for handle := range l.handlers[m.Channel] {
		handlers = append(handlers, *handle)
	}
	l.mu.Unlock()
	for _, handle := range handlers {
		handle(m.Payload)
	}
}

func (l *listener) leave(channel string, handle *func(string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.handlers[channel], handle)
	if len(l.handlers[channel]) > 0 || l.closed || l.handlers[channel] == nil {
		return
	}
	delete(l.handlers, channel)
	pubsub := l.pubsub
	l.done.Go(func() { _ = pubsub.Unsubscribe(context.Background(), channel) })
}

// close ends the connection. Nobody is called any more when it returns.
func (l *listener) close() {
	l.mu.Lock()
	l.closed = true
	pubsub := l.pubsub
	l.mu.Unlock()
	if pubsub != nil {
		pubsub.Close() //nolint:errcheck // there is nothing to do about it
	}
	l.done.Wait()
}

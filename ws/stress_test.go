package ws_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/ws"
)

// TestStress has 64 goroutines that send 10,000 messages each, one that receives
// what comes back, pings in between, and contexts that end at random. Nothing may
// be lost, changed or sent twice.
func TestStress(t *testing.T) {
	const senders = 64
	messages := 10_000
	if testing.Short() {
		messages = 500
	}
	leak.Check(t)
	for name, opts := range map[string]*ws.Options{
		"plain":      {Heartbeat: time.Second, ReceiveTimeout: 50 * time.Millisecond},
		"compressed": {Compress: &ws.Compression{Threshold: -1}},
	} {
		if opts.Compress != nil {
			messages /= 20
		}
		t.Run(name, func(t *testing.T) { stress(t, opts, senders, messages) })
	}
}

func stress(t *testing.T, opts *ws.Options, senders, messages int) {
	t.Helper()
	c := dialWith(t, client(t), echoServer(t), opts)
	var wg sync.WaitGroup
	committed := make([][]bool, senders) // sent without an error
	for i := range senders {
		committed[i] = make([]bool, messages)
		wg.Go(func() {
			for j := range messages {
				committed[i][j] = sendSome(t, c, i, j)
			}
		})
	}
	all := make(chan struct{})
	go func() {
		wg.Wait()
		c.SendBytes(context.Background(), nil) // the end
		close(all)
	}()
	seen := collect(t, c, senders, messages)
	<-all
	for i := range committed {
		for j, ok := range committed[i] {
			if ok && !seen[i][j] {
				t.Fatalf("message %d of sender %d is lost", j, i)
			}
		}
	}
	if err := c.Close(0, ""); err != nil {
		t.Errorf("close: %v", err)
	}
}

// sendSome sends a message, or a ping; now and then with a context that may end.
func sendSome(t *testing.T, c *ws.Conn, i, j int) bool {
	t.Helper()
	b := make([]byte, 8+rand.IntN(64))
	binary.BigEndian.PutUint32(b, uint32(i))
	binary.BigEndian.PutUint32(b[4:], uint32(j))
	for k := range b[8:] {
		b[8+k] = byte(i + j + k)
	}
	ctx := context.Background()
	if rand.IntN(10) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
		defer cancel()
	}
	if rand.IntN(50) == 0 {
		c.Ping(ctx, b[:8])
	}
	err := c.SendBytes(ctx, b)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("send: %v", err)
	}
	return err == nil
}

// collect receives until the empty message.
func collect(t *testing.T, c *ws.Conn, senders, messages int) [][]bool {
	t.Helper()
	seen := make([][]bool, senders)
	last := make([]int, senders)
	for i := range seen {
		seen[i], last[i] = make([]bool, messages), -1
	}
	for {
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if rand.IntN(4) == 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(300))*time.Microsecond)
		}
		m, err := c.Receive(ctx)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errors.ErrTimeout):
			continue
		case err != nil:
			t.Fatalf("receive: %v", err)
		case len(m.Data) == 0:
			return seen
		}
		i, j := int(binary.BigEndian.Uint32(m.Data)), int(binary.BigEndian.Uint32(m.Data[4:]))
		if i >= senders || j >= messages || seen[i][j] || j <= last[i] {
			t.Fatalf("message %d of sender %d is wrong, or comes twice, or too late", j, i)
		}
		for k, b := range m.Data[8:] {
			if b != byte(i+j+k) {
				t.Fatalf("message %d of sender %d has changed", j, i)
			}
		}
		seen[i][j], last[i] = true, j
	}
}

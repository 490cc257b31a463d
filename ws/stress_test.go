package ws_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/ws"
)

// TestStressInFull has 64 goroutines that send 10,000 messages each, one that receives
// what comes back, pings in between, and contexts that end at random. Nothing may
// be lost, changed or sent twice.
func TestStressInFull(t *testing.T) {
	const senders = 64
	messages := racetest.Count(10_000, 1_500)
	leak.Check(t)
	t.Run("plain", func(t *testing.T) {
		stress(t, &ws.Options{Heartbeat: time.Second, ReceiveTimeout: 50 * time.Millisecond}, senders, messages)
	})
	t.Run("compressed", func(t *testing.T) {
		stress(t, &ws.Options{Compress: &ws.Compression{Threshold: -1}}, senders, messages/40)
	})
}

// pattern is what the payloads are cut from.
var pattern = noise(128)

func stress(t *testing.T, opts *ws.Options, senders, messages int) {
	t.Helper()
	url := echoServer(t)
	if opts.Compress == nil {
		url = batchingEcho(t)
	}
	c := dialWith(t, client(t), url, opts)
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
	b := make([]byte, 8+rand.IntN(32))
	binary.BigEndian.PutUint32(b, uint32(i))
	binary.BigEndian.PutUint32(b[4:], uint32(j))
	copy(b[8:], pattern[(i+j)&63:])
	ctx := context.Background()
	if rand.IntN(16) == 0 {
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
		if rand.IntN(16) == 0 {
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
		if !strings.HasPrefix(pattern[(i+j)&63:], string(m.Data[8:])) {
			t.Fatalf("message %d of sender %d has changed", j, i)
		}
		seen[i][j], last[i] = true, j
	}
}

// batchingEcho writes when it has read all that is there: a server that is slower
// than the client would hide the client's races.
func batchingEcho(t *testing.T) string {
	t.Helper()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		p := &peer{c, t}
		if !p.accept() {
			return
		}
		nc := c.NetConn() // nothing was sent before the answer
		r, w := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
		for {
			op, err := echoFrame(r, w)
			if r.Buffered() == 0 || op == ws.Close {
				w.Flush()
			}
			if err != nil || op == ws.Close {
				return
			}
		}
	})
	return srv.URL()
}

// echoFrame sends a small frame back without its mask; a ping becomes a pong.
func echoFrame(r *bufio.Reader, w *bufio.Writer) (ws.MessageType, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	op := ws.MessageType(head[0] & 15)
	if op == ws.Ping {
		head[0] = fin | byte(ws.Pong)
	}
	w.WriteByte(head[0])
	w.WriteByte(head[1] & 0x7f)
	payload, err := r.Peek(int(head[1] & 0x7f))
	for i, b := range payload {
		w.WriteByte(b ^ head[2+i&3])
	}
	r.Discard(len(payload))
	return op, err
}

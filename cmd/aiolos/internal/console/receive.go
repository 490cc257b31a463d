package console

import (
	"context"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/ws"
)

// receiveMessages prints what comes until the end, which it returns; nil says that the
// console has seen enough.
func (c *console) receiveMessages(ctx context.Context) error {
	for n := 0; ; {
		m, err := c.conn.Receive(ctx)
		if err != nil {
			return err
		}
		switch m.Type {
		case ws.Ping:
			c.notePing(m.Data)
		case ws.Pong:
			if took, ok := c.pings.matchPong(m.Data); ok {
				err = c.cfg.Printer.Pong(m.Data, took)
			}
		case ws.Text, ws.Binary:
			err = c.cfg.Printer.Message(m)
			n++
			select {
			case c.alive <- struct{}{}:
			default:
			}
		default: // the Close; the next receive tells of it
		}
		if err != nil || c.cfg.Count > 0 && n >= c.cfg.Count {
			return err
		}
	}
}

// notePing notes the payload of a ping. Only the last one has to be answered (RFC
// 6455 5.5.3).
func (c *console) notePing(data []byte) {
	for {
		select {
		case c.pongs <- data:
			return
		default:
		}
		select {
		case <-c.pongs:
		default:
		}
	}
}

// answerPings answers pings. The receiver cannot: it has to go on while a message is
// being sent.
func (c *console) answerPings(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case data := <-c.pongs:
			// A connection that has ended says so to the receiver.
			_ = c.conn.Pong(ctx, data)
		}
	}
}

// pings are those of the user that are not answered yet.
type pings struct {
	mu   sync.Mutex
	list []ping
}

type ping struct {
	data string
	at   time.Time
}

// maxPings is how many are remembered.
const maxPings = 100

// noteSent notes a ping.
func (p *pings) noteSent(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == maxPings {
		p.list = p.list[1:]
	}
	p.list = append(p.list, ping{string(data), time.Now()})
}

// matchPong tells how long a pong took. It answers all pings before its own, and
// one that answers none is the heartbeat's.
func (p *pings) matchPong(data []byte) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, ping := range p.list {
		if ping.data == string(data) {
			p.list = p.list[i+1:]
			return time.Since(ping.at), true
		}
	}
	return 0, false
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
)

// echo is the server's side of a WebSocket. It takes all of the CPU time that it
// takes in the server's process.
func echo(w http.ResponseWriter, r *http.Request) {
	up := gorilla.Upgrader{}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		kind, data, err := c.ReadMessage()
		if err != nil || c.WriteMessage(kind, data) != nil {
			return
		}
	}
}

// socketRows compare one message there and back, over one connection.
func socketRows(e env) []row {
	url := e.srv.Socket + "/ws"
	all := make([]row, 0, 2)
	for _, size := range []struct {
		name       string
		bytes, ops int
		budgets    []budget
	}{{"64 B", 64, 3200, cpuBudget(1.03)}, {"64 KiB", 64 << 10, 600, nil}} {
		data := make([]byte, size.bytes)
		dial := func(name string, dial func(string, []byte) (client, error)) entrant {
			return entrant{name, func() (client, error) { return dial(url, data) }}
		}
		all = append(all, row{
			name: "WebSocket echo, " + size.name, family: "WebSocket", goroutines: 1, ops: size.ops, rounds: 13,
			entrants: []entrant{
				dial("coder/websocket", dialCoder), dial(ours, dialOurs), dial("gorilla", dialGorilla), dial("gws", dialGWS),
			},
			budgets: size.budgets,
			task:    func(ctx context.Context, c client) error { return c.do(ctx) },
		})
	}
	return all
}

var errLength = errors.New("the answer is not what was sent")

func dialCoder(url string, data []byte) (client, error) {
	c, _, err := websocket.Dial(context.Background(), url, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		return client{}, err
	}
	c.SetReadLimit(-1)
	return client{
		close: func() { _ = c.CloseNow() },
		do: func(ctx context.Context) error {
			if err := c.Write(ctx, websocket.MessageBinary, data); err != nil {
				return err
			}
			_, got, err := c.Read(ctx)
			return checkLength(len(got), len(data), err)
		},
	}, nil
}

func dialOurs(url string, data []byte) (client, error) {
	s, err := session.New(session.Config{})
	if err != nil {
		return client{}, err
	}
	c, err := s.WebSocket(context.Background(), url, &ws.Options{})
	if err != nil {
		return client{}, err
	}
	return client{
		close: func() { _ = c.Close(ws.CloseNormal, ""); _ = s.Close() },
		do: func(ctx context.Context) error {
			if err := c.SendBytes(ctx, data); err != nil {
				return err
			}
			got, err := c.ReceiveBytes(ctx)
			return checkLength(len(got), len(data), err)
		},
	}, nil
}

func dialGorilla(url string, data []byte) (client, error) {
	c, _, err := gorilla.DefaultDialer.Dial(url, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		return client{}, err
	}
	return client{
		close: func() { _ = c.Close() },
		do: func(context.Context) error {
			if err := c.WriteMessage(gorilla.BinaryMessage, data); err != nil {
				return err
			}
			_, got, err := c.ReadMessage()
			return checkLength(len(got), len(data), err)
		},
	}, nil
}

// gwsEvents hands what gws reads to who waits for it.
type gwsEvents struct {
	gws.BuiltinEventHandler
	got chan int
}

func (e *gwsEvents) OnMessage(_ *gws.Conn, m *gws.Message) {
	n := m.Data.Len()
	_ = m.Close() // back to its pool
	e.got <- n
}

func dialGWS(url string, data []byte) (client, error) {
	events := &gwsEvents{got: make(chan int, 1)}
	c, _, err := gws.NewClient(events, &gws.ClientOption{Addr: url}) //nolint:bodyclose // it is the connection
	if err != nil {
		return client{}, err
	}
	go c.ReadLoop()
	return client{
		close: func() { _ = c.NetConn().Close() },
		do: func(context.Context) error {
			if err := c.WriteMessage(gws.OpcodeBinary, data); err != nil {
				return err
			}
			return checkLength(<-events.got, len(data), nil)
		},
	}, nil
}

func checkLength(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%w: %d bytes instead of %d", errLength, got, want)
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

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

// socketWorkloads compare one message there and back, over one connection.
// For small messages command echo, in the directory echo, sees more.
func socketWorkloads(srv *server) []workload {
	all := make([]workload, 0, 2)
	for _, size := range []struct {
		name       string
		bytes, ops int
	}{{"64 B", 64, 2000}, {"64 KiB", 64 << 10, 500}} {
		all = append(all, workload{
			name: "WebSocket echo, " + size.name, goroutines: 1, ops: size.ops, rounds: 9, base: "coder/websocket",
			task:    func(ctx context.Context, c client) error { return c.do(ctx) },
			clients: func() ([]client, error) { return sockets(srv.Plain, make([]byte, size.bytes)) },
		})
	}
	return all
}

var errLength = errors.New("the answer is not what was sent")

func sockets(server string, data []byte) ([]client, error) {
	url := "ws" + strings.TrimPrefix(server, "http") + "/ws"
	var all []client
	for _, dial := range []func(string, []byte) (client, error){dialCoder, dialAiolos, dialGorilla, dialGWS} {
		c, err := dial(url, data)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func dialCoder(url string, data []byte) (client, error) {
	c, _, err := websocket.Dial(context.Background(), url, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		return client{}, err
	}
	c.SetReadLimit(-1)
	return client{
		name: "coder/websocket", close: func() { _ = c.CloseNow() },
		do: func(ctx context.Context) error {
			if err := c.Write(ctx, websocket.MessageBinary, data); err != nil {
				return err
			}
			_, got, err := c.Read(ctx)
			return same(len(got), len(data), err)
		},
	}, nil
}

func dialAiolos(url string, data []byte) (client, error) {
	s, err := session.New(session.Config{})
	if err != nil {
		return client{}, err
	}
	c, err := s.WebSocket(context.Background(), url, &ws.Options{})
	if err != nil {
		return client{}, err
	}
	return client{
		name: "aiolos", close: func() { _ = c.Close(ws.CloseNormal, ""); _ = s.Close() },
		do: func(ctx context.Context) error {
			if err := c.SendBytes(ctx, data); err != nil {
				return err
			}
			got, err := c.ReceiveBytes(ctx)
			return same(len(got), len(data), err)
		},
	}, nil
}

func dialGorilla(url string, data []byte) (client, error) {
	c, _, err := gorilla.DefaultDialer.Dial(url, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		return client{}, err
	}
	return client{
		name: "gorilla", close: func() { _ = c.Close() },
		do: func(context.Context) error {
			if err := c.WriteMessage(gorilla.BinaryMessage, data); err != nil {
				return err
			}
			_, got, err := c.ReadMessage()
			return same(len(got), len(data), err)
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
		name: "gws", close: func() { _ = c.NetConn().Close() },
		do: func(context.Context) error {
			if err := c.WriteMessage(gws.OpcodeBinary, data); err != nil {
				return err
			}
			return same(<-events.got, len(data), nil)
		},
	}, nil
}

func same(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%w: %d bytes instead of %d", errLength, got, want)
	}
	return err
}

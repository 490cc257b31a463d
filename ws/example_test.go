package ws_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/ws"
)

// exampleClient reaches a server in memory at ws://example.com/. It echoes, and
// closes with 1001 when it is told "go away".
func exampleClient() (client *http.Client, stop func()) {
	network := memnet.New()
	ln, err := network.Listen("example.com:80")
	if err != nil {
		panic(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/private" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{"chat"}, CompressionMode: websocket.CompressionContextTakeover,
		})
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			typ, data, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if string(data) == "go away" {
				c.Close(websocket.StatusGoingAway, "as you wish")
				return
			}
			c.Write(context.Background(), typ, data)
		}
	})}
	go srv.Serve(ln)
	tr := &http.Transport{DialContext: network.DialContext}
	return &http.Client{Transport: tr}, func() {
		srv.Close()
		tr.CloseIdleConnections()
	}
}

func ExampleDial() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", &ws.Options{
		Protocols: []string{"chat"},
		Heartbeat: 30 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "")
	fmt.Println("protocol:", c.Protocol())

	c.SendText(ctx, "hello")
	text, err := c.ReceiveText(ctx)
	fmt.Println(text, err)
	// Output:
	// protocol: chat
	// hello <nil>
}

func ExampleDial_refused() {
	client, stop := exampleClient()
	defer stop()

	_, err := ws.Dial(context.Background(), client, "ws://example.com/private", nil)
	fmt.Println(err)
	if refused, ok := errors.AsType[*errors.WSServerHandshakeError](err); ok {
		fmt.Printf("%d %q\n", refused.Status, refused.Body)
	}
	// Output:
	// get http://example.com/private: 403 invalid response status: no
	// 403 "no\n"
}

func ExampleConn_Messages() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "")
	for _, s := range []string{"one", "two", "go away"} {
		c.SendText(ctx, s)
	}
	for m, err := range c.Messages(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Type, m.Text())
	}
	fmt.Println(c.CloseCode(), c.CloseReason())
	// Output:
	// text one
	// text two
	// 1001 going away as you wish
}

func ExampleReceiveJSON() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "")
	type point struct{ X, Y int }
	c.SendJSON(ctx, point{1, 2})
	fmt.Println(ws.ReceiveJSON[point](ctx, c))
	// Output: {1 2} <nil>
}

func ExampleLevel() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", &ws.Options{Compress: &ws.Compression{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "")
	fmt.Println("compressed:", c.Compression() != nil)
	c.SendText(ctx, "not this message", ws.Level(0))
	fmt.Println(c.ReceiveText(ctx))
	// Output:
	// compressed: true
	// not this message <nil>
}

func ExampleReconnect() {
	client, stop := exampleClient()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	connections := 0
	err := ws.Reconnect(ctx, client, "ws://example.com/", &ws.ReconnectOptions{
		MinWait: time.Millisecond,
		Subscribe: func(ctx context.Context, c *ws.Conn) error {
			connections++
			return c.SendText(ctx, "subscribe to news")
		},
	}, func(ctx context.Context, c *ws.Conn, m ws.Message) error {
		fmt.Println(m.Text())
		if connections == 2 {
			cancel()
			return nil
		}
		return c.SendText(ctx, "go away")
	})
	fmt.Println(err)
	// Output:
	// subscribe to news
	// subscribe to news
	// websocket reconnect: context canceled
}

func ExampleConn_CloseNow() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "") // costs nothing after the end
	c.CloseNow()
	_, err = c.Receive(ctx)
	fmt.Println(errors.Is(err, net.ErrClosed), c.CloseCode())
	// Output: true 1006 abnormal closure
}

func ExampleConn_OnEnd() {
	client, stop := exampleClient()
	defer stop()
	ctx := context.Background()

	c, err := ws.Dial(ctx, client, "ws://example.com/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.OnEnd(func() {
		client.CloseIdleConnections() // what was made for this WebSocket alone
		fmt.Println("all of it has ended")
	})
	c.SendText(ctx, "go away")
	_, err = c.Receive(ctx) // the peer's Close
	fmt.Println(err)
	_, err = c.Receive(ctx)
	if end, ok := errors.AsType[*ws.CloseError](err); ok {
		fmt.Println(end, end.FromPeer)
	}
	c.Close(ws.CloseNormal, "")
	// Unordered output:
	// <nil>
	// websocket closed by the peer: 1001 going away "as you wish" true
	// all of it has ended
}

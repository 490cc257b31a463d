package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

func ExampleWebSocket() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close(websocket.StatusGoingAway, "enough")
		c.Write(r.Context(), websocket.MessageText, []byte("hello"))
	}))
	defer srv.Close()
	c, err := session.WebSocket(ctx, srv.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ws.CloseNormal, "") // and with it the session that was made for it
	text, err := c.ReceiveText(ctx)
	fmt.Println(text, err)
	// Output: hello <nil>
}

// docsOnEnd dials with a session of its own.
func docsOnEnd(ctx context.Context, url string) (*ws.Conn, error) {
	s, err := session.New(session.Config{Options: []session.Option{session.Bearer("token")}})
	if err != nil {
		return nil, err
	}
	c, err := s.WebSocket(ctx, url, nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	c.OnEnd(func() { s.Close() })
	return c, nil
}

var _ = docsOnEnd

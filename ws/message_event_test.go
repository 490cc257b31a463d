package ws_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/ws"
)

// ExampleOptions_onMessage counts what a WebSocket moves.
func ExampleOptions_onMessage() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		c.Read(r.Context())
		c.Write(r.Context(), websocket.MessageText, []byte("hello, too"))
		c.Close(websocket.StatusNormalClosure, "")
	}))
	defer srv.Close()
	ctx := context.Background()
	var sent, received atomic.Int64
	c, err := ws.Dial(ctx, http.DefaultClient, srv.URL, &ws.Options{OnMessage: func(m ws.MessageEvent) {
		if m.Sent {
			sent.Add(int64(m.Size))
		} else {
			received.Add(int64(m.Size))
		}
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(0, "")
	if err := c.SendText(ctx, "hello"); err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range c.Messages(ctx) {
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(sent.Load(), received.Load())
	// Output: 5 10
}

// TestOnMessage: each message is told of once, in both directions, with its size without
// compression; control frames are not.
func TestOnMessage(t *testing.T) {
	t.Parallel()
	for _, compressed := range []bool{false, true} {
		t.Run(fmt.Sprint(compressed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				opts := &ws.Options{OnMessage: func(m ws.MessageEvent) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, fmt.Sprint(m.Sent, " ", m.Type, " ", m.Size))
				}}
				if compressed {
					opts.Compress = &ws.Compression{}
				}
				c := bubble(t, (*peer).echo, opts)
				defer c.Close(0, "")
				if err := c.SendText(t.Context(), "hello"); err != nil {
					t.Fatal(err)
				}
				if err := c.SendFrame(t.Context(), ws.Ping, nil); err != nil {
					t.Fatal(err)
				}
				if err := c.SendBytes(t.Context(), make([]byte, 3000)); err != nil {
					t.Fatal(err)
				}
				if err := c.SendText(t.Context(), "\xff"); err == nil {
					t.Error("text that is not UTF-8 was sent")
				}
				for range 2 {
					if _, err := c.Receive(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				slices.Sort(got)
				if want := []string{"false binary 3000", "false text 5", "true binary 3000", "true text 5"}; !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

package ws_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// TestReconnectEvents: what is told of connections, and counted.
func TestReconnectEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		doer := unreliable(t, nil,
			func(p *peer) { p.Write(text("hello")); p.Write(closeFrame(1001, "")); p.readClose() },
			func(p *peer) { p.Write(closeFrame(1008, "no")); p.readClose() },
		)
		var got []string
		var count ws.ReconnectCounter
		open := int64(0)
		err := ws.Reconnect(t.Context(), doer, "ws://example.com/", &ws.ReconnectOptions{
			MinWait: -1, Stats: &count,
			OnEvent: func(ctx context.Context, e ws.ReconnectEvent) {
				if ctx != t.Context() || (e.Err == nil) != (e.Kind == ws.ReconnectConnected) {
					t.Errorf("got %+v", e)
				}
				got = append(got, fmt.Sprint(string(e.Kind), " ", e.Failures))
			},
		}, func(context.Context, *ws.Conn, ws.Message) error {
			open = count.Stats().Open
			return nil
		})
		if end, ok := errors.AsType[*ws.CloseError](err); !ok || end.Code != 1008 {
			t.Errorf("got %v", err)
		}
		if want := []string{"lost 1", "connected 1", "lost 1", "connected 1", "gave up 2"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := count.Stats(); s != (ws.ReconnectStats{Connected: 2, Lost: 2, GaveUp: 1}) || open != 1 {
			t.Errorf("got %+v, and %d open before", s, open)
		}
	})
}

// ExampleReconnectCounter asks how a feed stands that runs in the background.
func ExampleReconnectCounter() {
	var feed ws.ReconnectCounter
	opts := &ws.ReconnectOptions{
		Stats: &feed,
		OnEvent: func(_ context.Context, e ws.ReconnectEvent) {
			fmt.Println(e.Kind, e.Wait.Round(time.Second), e.Err)
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // for this example; a feed runs until its program ends
	handle := func(context.Context, *ws.Conn, ws.Message) error { return nil }
	err := ws.Reconnect(ctx, http.DefaultClient, "wss://example.com/feed", opts, handle)
	fmt.Println(errors.Is(err, context.Canceled))
	fmt.Printf("%+v\n", feed.Stats())
	// Output:
	// true
	// {Connected:0 Lost:0 GaveUp:0 Open:0}
}

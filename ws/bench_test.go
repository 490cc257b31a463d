package ws_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/ws"
)

// echoServer is coder's server, for both sides of the comparison.
func echoServer(tb testing.TB) string {
	tb.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			typ, data, err := c.Read(context.Background())
			if err != nil || c.Write(context.Background(), typ, data) != nil {
				return
			}
		}
	}))
	tb.Cleanup(srv.Close)
	return srv.URL
}

// BenchmarkEcho is a message there and back, with this package and with
// coder/websocket alone. The figure to compare is cpu-ns/op.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run("size="+strconv.Itoa(size), func(b *testing.B) {
			for _, cancelable := range []bool{false, true} {
				name := "background"
				ctx := context.Background()
				if cancelable {
					name = "cancelable"
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					defer cancel()
				}
				b.Run(name+"/aiolos", func(b *testing.B) { benchOurs(b, ctx, size) })
				b.Run(name+"/coder", func(b *testing.B) { benchCoder(b, ctx, size) })
			}
		})
	}
}

func benchOurs(b *testing.B, ctx context.Context, size int) { //nolint:revive // the benchmark comes first
	c, err := ws.Dial(ctx, &http.Client{Transport: &http.Transport{}}, echoServer(b), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(0, "")
	measure(b, size, func(data []byte) error {
		if err := c.SendBytes(ctx, data); err != nil {
			return err
		}
		_, err := c.Receive(ctx)
		return err
	})
}

func benchCoder(b *testing.B, ctx context.Context, size int) { //nolint:revive // as above
	c, _, err := websocket.Dial(ctx, echoServer(b), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	measure(b, size, func(data []byte) error {
		if err := c.Write(ctx, websocket.MessageBinary, data); err != nil {
			return err
		}
		_, _, err := c.Read(ctx)
		return err
	})
}

func measure(b *testing.B, size int, echo func([]byte) error) {
	data := make([]byte, size)
	b.SetBytes(2 * int64(size))
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		if err := echo(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
}

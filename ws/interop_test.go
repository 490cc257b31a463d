//go:build interop

package ws_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/ws"
)

const aiohttpServer = `
import sys
from aiohttp import web, WSMsgType

async def handle(request):
    ws = web.WebSocketResponse(protocols=("chat",), compress=True)
    await ws.prepare(request)
    async for msg in ws:
        if msg.type == WSMsgType.TEXT and msg.data == "close":
            await ws.close(code=4001, message=b"told to")
        elif msg.type == WSMsgType.TEXT and msg.data == "ping":
            await ws.ping(b"from the server")
            await ws.send_str("pinged")
        elif msg.type == WSMsgType.TEXT:
            await ws.send_str(msg.data)
        elif msg.type == WSMsgType.BINARY:
            await ws.send_bytes(msg.data)
    return ws

app = web.Application()
app.add_routes([web.get("/", handle)])

async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    import asyncio
    await asyncio.Event().wait()

import asyncio
asyncio.run(main())
`

const nodeServer = `
const { WebSocketServer } = require("ws");
const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: { threshold: 0 }, handleProtocols: () => "chat" });
wss.on("listening", () => console.log(wss.address().port));
wss.on("connection", (ws) => {
  ws.on("message", (data, binary) => {
    const text = data.toString();
    if (!binary && text === "close") ws.close(4001, "told to");
    else if (!binary && text === "ping") { ws.ping("from the server"); ws.send("pinged"); }
    else ws.send(data, { binary });
  });
});
`

// startPeer runs a program that prints its port, until the test ends.
func startPeer(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return "ws://127.0.0.1:" + strings.TrimSpace(port) + "/"
}

func TestInteropAiohttp(t *testing.T) {
	python := "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import aiohttp").Run(); err != nil {
		t.Skip("no aiohttp for " + python)
	}
	interop(t, startPeer(t, nil, python, "-c", aiohttpServer))
}

// TestInteropNode needs the package ws where node finds it: NODE_PATH helps.
func TestInteropNode(t *testing.T) {
	if err := exec.Command("node", "-e", `require("ws")`).Run(); err != nil {
		t.Skip("no package ws for node")
	}
	interop(t, startPeer(t, nil, "node", "-e", nodeServer))
}

func interop(t *testing.T, url string) {
	t.Helper()
	for name, z := range map[string]*ws.Compression{
		"plain": nil, "deflate": {Threshold: -1}, "window": {Window: 9, Threshold: -1},
		"no takeover": {NoContextTakeover: true, ServerNoContextTakeover: true, Threshold: -1, Level: 9},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialWith(t, client(t), url, &ws.Options{Protocols: []string{"chat"}, Compress: z, Heartbeat: time.Second})
			if c.Protocol() != "chat" || (c.Compression() != nil) != (z != nil) {
				t.Errorf("got protocol %q, compression %v", c.Protocol(), c.Compression())
			}
			ctx := within(t)
			for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
				want := []byte(noise(size/2) + strings.Repeat("x", size-size/2))
				if err := c.SendBytes(ctx, want); err != nil {
					t.Fatal(err)
				}
				if got, err := c.ReceiveBytes(ctx); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d bytes: got %d bytes, %v", size, len(got), err)
				}
			}
			for _, want := range []string{"grüße", "the same", "the same", "the same again"} {
				c.SendText(ctx, want)
				if got, err := c.ReceiveText(ctx); got != want {
					t.Errorf("got %q, %v", got, err)
				}
			}
			c.SendText(ctx, "ping")
			if got, err := c.ReceiveText(ctx); got != "pinged" {
				t.Errorf("got %q, %v", got, err)
			}
			c.SendText(ctx, "close")
			m := receive(t, c, ws.Close)
			if m.Extra != 4001 || m.Text() != "told to" {
				t.Errorf("got close %v %q", m.Extra, m.Data)
			}
			if err := c.Close(0, ""); err != nil {
				t.Error(err)
			}
			c = dialWith(t, client(t), url, &ws.Options{Compress: z})
			start := time.Now()
			if err := c.Close(4002, "bye"); err != nil || time.Since(start) > 5*time.Second { // an unanswered one takes 10 s
				t.Errorf("close: %v after %v", err, time.Since(start))
			}
		})
	}
}

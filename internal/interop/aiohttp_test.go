//go:build interop && linux

package interop_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/session"
)

// python is Debian's, which has Debian's aiohttp.
const python = "/usr/bin/python3"

// aiohttpServer listens at a TCP address, at one with TLS, and at a Unix socket.
const aiohttpServer = `
import asyncio, json, ssl, sys
from aiohttp import web, WSMsgType

async def echo(request):
    body = await request.text()
    return web.json_response({
        "Method": request.method, "URI": request.raw_path, "Host": request.host, "Body": body,
        "Proto": "HTTP/%d.%d" % request.version,
        "Header": {k: request.headers.getall(k) for k in request.headers},
    })

async def form(request):
    data = await request.post()
    fields = []
    for name, value in data.items():
        if isinstance(value, web.FileField):
            fields.append([name, value.filename, value.content_type, value.file.read().decode()])
        else:
            fields.append([name, "", "", value])
    return web.json_response(fields)

async def stream(request):
    resp = web.StreamResponse()
    if request.query.get("gzip"):
        resp.enable_compression()
    if request.version >= (1, 1):
        resp.enable_chunked_encoding()
    await resp.prepare(request)
    for i in range(2000):
        await resp.write(b"line %d of many\n" % i)
    await resp.write_eof()
    return resp

async def cut(request):
    resp = web.StreamResponse(headers={"Content-Length": "1000"})
    await resp.prepare(request)
    await resp.write(b"start")
    request.transport.close()
    return resp

async def cookies(request):
    resp = web.json_response(dict(request.cookies))
    resp.set_cookie("seen", "yes")
    resp.set_cookie("quoted", 'a "b" c')
    return resp

async def bounce(request):
    left = int(request.match_info["n"])
    raise web.HTTPFound("/bounce/%d" % (left - 1) if left else "/echo")

async def expect_refused(request):
    raise web.HTTPExpectationFailed(text="no")

async def websocket(request):
    ws = web.WebSocketResponse(protocols=("chat",))
    await ws.prepare(request)
    async for msg in ws:
        if msg.type == WSMsgType.TEXT and msg.data == "close":
            await ws.close(code=4001, message=b"told to")
        elif msg.type == WSMsgType.TEXT:
            await ws.send_str(msg.data)
        elif msg.type == WSMsgType.BINARY:
            await ws.send_bytes(msg.data)
    return ws

async def main(tcp, tls, unix, cert, key):
    app = web.Application(client_max_size=16 << 20)
    app.router.add_route("*", "/echo", echo)
    app.router.add_post("/form", form)
    app.router.add_get("/stream", stream)
    app.router.add_get("/cut", cut)
    app.router.add_get("/cookies", cookies)
    app.router.add_get("/bounce/{n}", bounce)
    app.router.add_post("/refuse", echo, expect_handler=expect_refused)
    app.router.add_get("/ws", websocket)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    await web.TCPSite(runner, *tcp.rsplit(":", 1)).start()
    await web.TCPSite(runner, *tls.rsplit(":", 1), ssl_context=context).start()
    await web.UnixSite(runner, unix).start()
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
`

// aiohttp is a running server.
type aiohttp struct {
	tcp, tls, unix string
	leaf           *certs.Leaf
}

func startAiohttp(t *testing.T) *aiohttp {
	t.Helper()
	if err := exec.Command(python, "-c", "import aiohttp").Run(); err != nil {
		t.Skip("no aiohttp for " + python)
	}
	dir := workDir(t)
	a := &aiohttp{tcp: freeAddr(t), tls: freeAddr(t), unix: filepath.Join(dir, "socket")}
	a.leaf = leafFor(t, a.tls)
	cert, key := keyFiles(t, dir, a.leaf)
	start(t, dir, []string{a.tcp, a.tls, a.unix}, python, file(t, dir, "server.py", aiohttpServer), a.tcp, a.tls, a.unix, cert, key)
	return a
}

// ways are sessions that reach the server in each way that it has, by the base of
// their URLs.
func (a *aiohttp) ways(t *testing.T) map[string]*session.Session {
	t.Helper()
	s := newSession(t, connector.Config{TLS: a.leaf.Client()})
	local, err := connector.NewUnix(a.unix, connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*session.Session{"http://" + a.tcp: s, "https://" + a.tls: s, "http://over-unix.test": sessionOn(t, local)}
}

func TestInteropAiohttpServer(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	for base, s := range a.ways(t) {
		t.Run(base[:5], func(t *testing.T) {
			aiohttpRequests(t, s, base)
			aiohttpAnswers(t, s, base)
			aiohttpForm(t, s, base)
		})
	}
}

func aiohttpRequests(t *testing.T, s *session.Session, base string) {
	t.Helper()
	body := strings.Repeat("größe ", 40_000)
	for _, c := range []struct {
		method string
		opts   []session.Option
		body   string
	}{
		{"GET", []session.Option{session.Query("a b", "c&d")}, ""},
		{"POST", []session.Option{session.Text(body)}, body},
		{"PUT", []session.Option{session.Text(body), session.Chunked()}, body},
		{"PATCH", []session.Option{session.Text(body), session.Expect100()}, body},
		{"POST", []session.Option{session.Body(struct{ io.Reader }{strings.NewReader(body)}), session.Expect100()}, body},
		{"DELETE", nil, ""},
		{"PROPFIND", []session.Option{session.JSON(map[string]int{"a": 1})}, `{"a":1}`},
	} {
		resp, err := s.Request(t.Context(), c.method, base+"/echo", c.opts...)
		got := tellsSeen(t, resp, err)
		if got.Method != c.method || got.Body != c.body || got.Proto != "HTTP/1.1" {
			t.Errorf("%s %v: got %s %s with %d bytes", c.method, c.opts, got.Method, got.Proto, len(got.Body))
		}
		if c.method == "GET" && got.URI != "/echo?a+b=c%26d" {
			t.Errorf("got URI %s", got.URI)
		}
		if !strings.HasSuffix(base, got.Host) {
			t.Errorf("got host %q", got.Host)
		}
	}
	resp, err := s.Post(t.Context(), base+"/echo", session.Text("old"), session.Version(1, 0))
	if got := tellsSeen(t, resp, err); got.Proto != "HTTP/1.0" || got.Body != "old" {
		t.Errorf("HTTP/1.0: got %s %q", got.Proto, got.Body)
	}
	resp, err = s.Post(t.Context(), base+"/refuse", session.Text("unwanted"), session.Expect100())
	resp, text := taken(t, resp, err)
	if wantStatus(t, resp, http.StatusExpectationFailed); text != "no" {
		t.Errorf("expectation refused: got %q", text)
	}
	resp, text = get(t, s, base+"/bounce/3")
	if wantStatus(t, resp, http.StatusOK); len(resp.History()) != 4 {
		t.Errorf("redirects: got %d of them, %s", len(resp.History()), text)
	}
}

func aiohttpAnswers(t *testing.T, s *session.Session, base string) {
	t.Helper()
	_, want := get(t, s, base+"/stream")
	if strings.Count(want, "\n") != 2000 {
		t.Errorf("chunks: got %d bytes", len(want))
	}
	resp, text := get(t, s, base+"/stream?gzip=1")
	if text != want || resp.Timing().Received > int64(len(want))/2 {
		t.Errorf("gzip: got %d bytes of %d", len(text), resp.Timing().Received)
	}
	// Without chunks, until the end of the connection.
	resp, text = get(t, s, base+"/stream", session.Version(1, 0), session.Header("Connection", "close"))
	if text != want || resp.ContentLength != -1 {
		t.Errorf("until EOF: got %d bytes, length %d", len(text), resp.ContentLength)
	}
	resp, text = get(t, s, base+"/stream", session.Version(1, 0), session.Header("Connection", "close"), session.ReadUntilEOF(false))
	if text != "" {
		t.Errorf("not until EOF: got %d bytes", len(text))
	}
	wantStatus(t, resp, http.StatusOK)
	resp, err := s.Get(t.Context(), base+"/cut")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(resp.Body); string(text) != "start" || !errors.Is(err, errors.ErrContentLength) {
		t.Errorf("cut: got %q, %v", text, err)
	}
	resp.Close()
	resp, err = s.Head(t.Context(), base+"/echo")
	if resp, text = taken(t, resp, err); text != "" || resp.ContentLength <= 0 {
		t.Errorf("HEAD: got %q, length %d", text, resp.ContentLength)
	}
	resp, _ = get(t, s, base+"/nowhere")
	if err := resp.CheckStatus(); !errors.Is(err, errors.ErrClientResponse) {
		t.Errorf("404: got %v", err)
	}
}

func aiohttpForm(t *testing.T, s *session.Session, base string) {
	t.Helper()
	f := form.New().Field("name", "wert ä").Bytes("upload", []byte("contents"), form.FileName("größe.txt"), form.ContentType("text/plain"))
	for name, c := range map[string]struct {
		opt  session.Option
		want [][4]string
	}{
		"multipart": {session.FormData(f), [][4]string{{"name", "", "", "wert ä"}, {"upload", "größe.txt", "text/plain", "contents"}}},
		"pairs":     {session.FormPairs("a", "1 & 2", "b", "ü", "a", "3"), [][4]string{{"a", "", "", "1 & 2"}, {"b", "", "", "ü"}, {"a", "", "", "3"}}},
	} {
		resp, err := s.Post(t.Context(), base+"/form", c.opt)
		_, text := taken(t, resp, err)
		var got [][4]string
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for i := range got {
			got[i][2], _, _ = strings.Cut(got[i][2], ";")
		}
		if len(got) != len(c.want) || !slices.EqualFunc(got, c.want, func(a, b [4]string) bool { return a == b }) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// Cookies go to and fro; those of a host that is an address need a jar that keeps
// them.
func TestInteropAiohttpCookies(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	s, err := session.New(session.Config{Jar: jar.New(jar.Config{Unsafe: true})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	got := map[string]string{}
	for range 2 {
		_, text := get(t, s, "http://"+a.tcp+"/cookies", session.Cookie("mine", "1"))
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	if len(got) != 3 || got["seen"] != "yes" || got["quoted"] != `a "b" c` || got["mine"] != "1" {
		t.Errorf("got %v", got)
	}
}

func TestInteropAiohttpUnixErrors(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	local, err := connector.NewUnix(a.unix, connector.Config{TLS: a.leaf.Client()})
	if err != nil {
		t.Fatal(err)
	}
	s := sessionOn(t, local)
	if err := fails(t, s, "https://localhost/echo"); !errors.Is(err, errors.ErrClientSSL) {
		t.Errorf("TLS where there is none: got %v", err)
	}
	resp, _ := get(t, s, "http://localhost/echo")
	if addr := resp.Connection().Remote; addr == nil || addr.Network() != "unix" || addr.String() != a.unix {
		t.Errorf("got the peer %v", addr)
	}
	gone, err := connector.NewUnix(a.unix+".gone", connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	err = fails(t, sessionOn(t, gone), "http://localhost/echo")
	if e, ok := errors.AsType[*errors.UnixClientConnectorError](err); !ok || e.Path != a.unix+".gone" {
		t.Errorf("no socket: got %v", err)
	}
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("no socket: the cause is lost in %v", err)
	}
}

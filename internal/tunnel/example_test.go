package tunnel_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
)

func ExampleConnect() {
	near, far := net.Pipe()
	go func() { // the proxy
		req, err := http.ReadRequest(bufio.NewReader(far))
		if err == nil {
			fmt.Println(req.Method, req.Host, req.Header.Get("Proxy-Authorization"))
			io.WriteString(far, "HTTP/1.1 200 Connection established\r\n\r\nhello from the origin")
		}
		far.Close()
	}()
	header := http.Header{"Proxy-Authorization": {"Basic bWU6cHc="}}
	nc, err := tunnel.Connect(context.Background(), near, "origin.example:443", header)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	text, _ := io.ReadAll(nc)
	fmt.Printf("%s\n", text)
	// Output:
	// CONNECT origin.example:443 Basic bWU6cHc=
	// hello from the origin
}

func ExampleRefused() {
	near, far := net.Pipe()
	go func() { // the proxy
		if _, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
			io.WriteString(far, "HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nnot you!")
		}
		far.Close()
	}()
	_, err := tunnel.Connect(context.Background(), near, "origin.example:443", nil)
	fmt.Println(err)
	if refused, ok := errors.AsType[*tunnel.Refused](err); ok {
		fmt.Println(refused.Status, string(refused.Body))
	}
	// Output:
	// proxy refused the tunnel: 403 Forbidden
	// 403 not you!
}

func ExampleSOCKS5() {
	near, far := net.Pipe()
	go func() { // the proxy
		for _, step := range []struct {
			read   int
			answer string
		}{{4, "\x05\x02"}, {7, "\x01\x00"}, {10, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00hello"}} {
			io.ReadFull(far, make([]byte, step.read))
			io.WriteString(far, step.answer)
		}
		far.Close()
	}()
	nc, err := tunnel.SOCKS5(context.Background(), near, "192.0.2.1:443", url.UserPassword("me", "pw"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	text, _ := io.ReadAll(nc)
	fmt.Printf("%s\n", text)
	// Output: hello
}

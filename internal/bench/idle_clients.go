package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// openClient returns what begins an exchange; the connection is idle again when the
// body has been read and closed. No connection ends by itself while it is measured.
func (j idleJob) openClient() (func() (io.ReadCloser, error), error) {
	roots, err := j.Addresses.trust()
	if err != nil {
		return nil, err
	}
	srv := &server{addresses: j.Addresses, roots: roots}
	url := j.URL + "/small"
	switch j.Client {
	case ours:
		conn, err := connector.New(connector.Config{Limit: -1, MaxIdle: -1, KeepAlive: time.Hour, TLS: srv.tls()})
		if err != nil {
			return nil, err
		}
		ses, err := newSession(conn)
		if err != nil {
			return nil, err
		}
		return func() (io.ReadCloser, error) {
			resp, err := ses.Get(context.Background(), url)
			if err != nil {
				return nil, err
			}
			return resp.Body, nil
		}, nil
	case transport:
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: srv.tls(), MaxIdleConnsPerHost: 2 * idleConns}}
		return func() (io.ReadCloser, error) {
			resp, err := c.Get(url) //nolint:noctx // it is what costs least
			if err != nil {
				return nil, err
			}
			return resp.Body, nil
		}, nil
	}
	b := &bareConns{address: j.URL[strings.LastIndexByte(j.URL, '/')+1:]}
	if j.Client == "tls.Conn" {
		b.config = srv.tls()
		b.config.ServerName = "127.0.0.1"
		b.config.ClientSessionCache = tls.NewLRUClientSessionCache(0) // as the connector has it
	}
	return b.openAll, nil
}

// bareConns are connections with nothing around them, used as a pool uses them.
type bareConns struct {
	address string
	config  *tls.Config // nil: plain
	idle    []net.Conn
	buf     [4096]byte
}

// openAll does the whole exchange; the body has nothing more to do than to give the
// connection back.
func (b *bareConns) openAll() (io.ReadCloser, error) {
	var c net.Conn
	var err error
	switch n := len(b.idle); {
	case n > 0:
		c, b.idle = b.idle[n-1], b.idle[:n-1]
	case b.config != nil:
		c, err = tls.Dial("tcp", b.address, b.config) //nolint:noctx // the server is in this program
	default:
		c, err = net.Dial("tcp", b.address) //nolint:noctx // likewise
	}
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "GET /small HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
		return nil, err
	}
	for n := 0; !bytes.HasSuffix(b.buf[:n], smallBody); {
		k, err := c.Read(b.buf[n:])
		if err != nil {
			return nil, err
		}
		n += k
	}
	return bareBody{b, c}, nil
}

type bareBody struct {
	pool *bareConns
	conn net.Conn
}

func (bareBody) Read([]byte) (int, error) { return 0, io.EOF }

func (b bareBody) Close() error {
	b.pool.idle = append(b.pool.idle, b.conn)
	return nil
}

// countConnections asks the server how many there are, beside its own.
func countConnections(url string) (int, error) {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(url + "/connections") //nolint:noctx // the server is in this program
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, fmt.Errorf("the server's count: %w", err)
	}
	return n - 1, nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/net/publicsuffix"
)

// settings are what a workload asks of all clients.
type settings struct {
	forceClose bool
}

// client is one contestant. Each reads the whole body and gives the connection
// back.
type client struct {
	name  string
	get   func(ctx context.Context, url string, atLeast int64) error
	post  func(ctx context.Context, url string, v *payload) error
	put   func(ctx context.Context, url, file string) error
	close func()

	do func(ctx context.Context) error // what needs no server
}

// maxConns is enough for every workload: no client ever waits for a slot or
// throws a connection away because it may keep too few.
const maxConns = 256

// newClients makes all contestants, http.Client among the first. Those over
// net/http have a Transport of the same settings each.
func newClients(srv *server, s settings) ([]client, error) {
	transport := func() *http.Transport {
		return &http.Transport{
			TLSClientConfig: srv.tls(), MaxIdleConnsPerHost: maxConns, DisableKeepAlives: s.forceClose,
			IdleConnTimeout: time.Minute,
		}
	}
	hc, safe := transport(), transport()
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	bare, rc := transport(), transport()
	retry := retryablehttp.NewClient()
	retry.Logger = nil
	retry.HTTPClient = &http.Client{Transport: rc}
	conn, err := newConnector(srv, s)
	if err != nil {
		return nil, err
	}
	ses, err := overSession(srv, s)
	if err != nil {
		return nil, err
	}
	return []client{
		overDoer(baseline, &http.Client{Transport: hc}, hc.CloseIdleConnections),
		// With what a session has by default, as far as http.Client has it too.
		overDoer("http.Client*", &http.Client{Transport: safe, Jar: jar, Timeout: time.Minute}, safe.CloseIdleConnections),
		ses,
		overDoer("connector", roundTripper{conn}, func() { _ = conn.Close() }),
		overDoer("Transport", roundTripper{bare}, bare.CloseIdleConnections),
		overResty(transport()),
		overRetryable(retry),
		overFast(srv, s),
	}, nil
}

// newConnector is a connector with limits.
func newConnector(srv *server, s settings) (*connector.Connector, error) {
	return connector.New(connector.Config{
		Limit: 2 * maxConns, LimitPerHost: maxConns, TLS: srv.tls(), ForceClose: s.forceClose,
	})
}

// doer is http.Client, or what has its one method.
type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

type roundTripper struct{ http.RoundTripper }

func (rt roundTripper) Do(req *http.Request) (*http.Response, error) { return rt.RoundTrip(req) }

// overDoer is what somebody writes by hand on net/http. The header is what a
// session sends by itself, but for Accept-Encoding: only a Transport that sends
// its own decodes what comes.
func overDoer(name string, d doer, stop func()) client {
	return client{
		name: name, close: stop,
		get: func(ctx context.Context, url string, atLeast int64) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
			if err != nil {
				return err
			}
			req.Header.Set("Accept", "*/*")
			req.Header.Set("User-Agent", "bench")
			resp, err := d.Do(req)
			return drain(resp, err, atLeast)
		},
		post: func(ctx context.Context, url string, v *payload) error {
			data, err := json.Marshal(v)
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(data))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "*/*")
			req.Header.Set("User-Agent", "bench")
			resp, err := d.Do(req)
			return decode(resp, err)
		},
		put: func(ctx context.Context, url, file string) error {
			return withFile(file, func(f *os.File) error {
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, f)
				if err != nil {
					return err
				}
				req.ContentLength = bigSize
				resp, err := d.Do(req)
				return received(resp, err)
			})
		},
	}
}

// overSession is this library with everything on: limits, the total and the
// sock_read timeout, a jar, typed errors.
func overSession(srv *server, s settings) (client, error) {
	conn, err := newConnector(srv, s)
	if err != nil {
		return client{}, err
	}
	ses, err := session.New(session.Config{
		Connector: conn, OwnConnector: true,
		Timeout: session.ClientTimeout{Total: time.Minute, SockRead: 10 * time.Second},
	})
	if err != nil {
		return client{}, err
	}
	return client{
		name: "aiolos", close: func() { _ = ses.Close() },
		get: func(ctx context.Context, url string, atLeast int64) error {
			resp, err := ses.Get(ctx, url)
			if err != nil {
				return err
			}
			return drain(resp.Response, nil, atLeast)
		},
		post: func(ctx context.Context, url string, v *payload) error {
			got, err := session.Decode[answer](ses.Post(ctx, url, session.JSON(v)))
			return check(got, err)
		},
		put: func(ctx context.Context, url, file string) error {
			return withFile(file, func(f *os.File) error {
				resp, err := ses.Put(ctx, url, session.Body(f))
				if err != nil {
					return err
				}
				return received(resp.Response, nil)
			})
		},
	}, nil
}

// drain reads the body to its end, which gives the connection back.
func drain(resp *http.Response, err error, atLeast int64) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && n < atLeast {
		err = fmt.Errorf("%d bytes instead of %d", n, atLeast)
	}
	return err
}

// decode reads an answer as somebody does who uses net/http.
func decode(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var got answer
	err = json.Unmarshal(data, &got)
	return check(got, err)
}

func check(got answer, err error) error {
	if err == nil && got.Received < 1000 {
		err = fmt.Errorf("%d bytes were received", got.Received)
	}
	return err
}

// received checks that the whole upload came.
func received(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got answer
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return err
	}
	if got.Received != bigSize {
		return fmt.Errorf("%d bytes of %d were received", got.Received, bigSize)
	}
	return nil
}

func withFile(name string, use func(*os.File) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return use(f)
}

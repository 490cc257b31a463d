package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/net/publicsuffix"
)

// client is what does the work of a row. Each reads the whole body and gives the
// connection back.
type client struct {
	name  string
	get   func(ctx context.Context, url string, atLeast int64) error
	post  func(ctx context.Context, url string, v *payload) error
	put   func(ctx context.Context, url string, src source) error
	close func() // nil: there is nothing to close

	do   func(ctx context.Context) error // of rows that have a task of their own
	idle idleJob                         // of the rows about idle connections
}

// settings are what a row asks of all clients.
type settings struct {
	forceClose bool
	proto      int // the major version of HTTP that is meant
}

// maxConns is enough for every row: no client ever waits for a slot or throws a
// connection away because it may keep too few.
const maxConns = 256

// The names that rows share.
const (
	httpClient = "http.Client"
	withJar    = "http.Client*" // with a Timeout and a Jar: as far as http.Client has what a session has by default
	ours       = "aiolos"
	transport  = "Transport"
)

// env is what rows are made of.
type env struct {
	srv  *server
	file string // for uploads
}

// http1Clients are all clients of HTTP/1.1.
func (e env) http1Clients(s settings) []entrant {
	s.proto = 1
	return []entrant{
		e.overClient(httpClient, s, func(*http.Client) error { return nil }),
		{ours, func() (client, error) { return overSession(e.srv, s) }},
		e.overClient(withJar, s, addJar),
		{"connector", func() (client, error) { return overConnector(e.srv, s) }},
		{transport, func() (client, error) {
			t := newTransport(e.srv, s)
			return overDoer(roundTripper{t}, s, t.CloseIdleConnections), nil
		}},
		{"resty", func() (client, error) { return overResty(newTransport(e.srv, s)), nil }},
		{"go-retryablehttp", func() (client, error) {
			c := retryablehttp.NewClient()
			c.Logger = nil
			c.HTTPClient = &http.Client{Transport: newTransport(e.srv, s)}
			return overRetryable(c), nil
		}},
		{"fasthttp", func() (client, error) { return overFast(e.srv, s), nil }},
	}
}

// overClient is http.Client over a Transport of its own.
func (e env) overClient(name string, s settings, prepare func(*http.Client) error) entrant {
	return entrant{name, func() (client, error) {
		t := newTransport(e.srv, s)
		c := &http.Client{Transport: t}
		return overDoer(c, s, t.CloseIdleConnections), prepare(c)
	}}
}

func addTimeout(c *http.Client) error {
	c.Timeout = time.Minute
	return nil
}

func addJar(c *http.Client) error {
	c.Timeout = time.Minute
	var err error
	c.Jar, err = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	return err
}

func newTransport(srv *server, s settings) *http.Transport {
	return &http.Transport{
		TLSClientConfig: srv.tls(), ForceAttemptHTTP2: s.proto == 2,
		MaxIdleConnsPerHost: maxConns, IdleConnTimeout: time.Minute, DisableKeepAlives: s.forceClose,
	}
}

// doer is http.Client, or what has its one method.
type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

type roundTripper struct{ http.RoundTripper }

func (rt roundTripper) Do(req *http.Request) (*http.Response, error) { return rt.RoundTrip(req) }

// overDoer is what somebody writes by hand on net/http, without any header that it
// does not need: nobody could ask for less.
func overDoer(d doer, s settings, stop func()) client {
	return client{
		close: stop,
		get: func(ctx context.Context, url string, atLeast int64) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
			if err != nil {
				return err
			}
			resp, err := d.Do(req)
			return drainBody(resp, err, s, atLeast)
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
			resp, err := d.Do(req)
			return decodeAnswer(resp, err)
		},
		put: func(ctx context.Context, url string, src source) error {
			return src.use(func(r io.Reader) error {
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, r)
				if err != nil {
					return err
				}
				req.ContentLength = src.length()
				resp, err := d.Do(req)
				return checkReceived(resp, err)
			})
		},
	}
}

// drainBody reads the body to its end, which gives the connection back.
func drainBody(resp *http.Response, err error, s settings, atLeast int64) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != s.proto {
		return fmt.Errorf("HTTP/%d instead of HTTP/%d", resp.ProtoMajor, s.proto)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && n < atLeast {
		err = fmt.Errorf("%d bytes instead of %d", n, atLeast)
	}
	return err
}

// decodeAnswer reads an answer as somebody does who uses net/http.
func decodeAnswer(resp *http.Response, err error) error {
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
	return got.checkSize(1000, err)
}

// checkReceived checks that the whole upload came.
func checkReceived(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got answer
	err = json.NewDecoder(resp.Body).Decode(&got)
	return got.checkSize(bigSize, err)
}

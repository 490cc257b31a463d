package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/valyala/fasthttp"
	"resty.dev/v3"
)

// overResty is resty, used as its documentation shows, but for the big
// download, which it would keep in memory.
func overResty(rt http.RoundTripper) client {
	c := resty.NewWithClient(&http.Client{Transport: rt})
	return client{
		close: func() { _ = c.Close() },
		get: func(ctx context.Context, url string, atLeast int64) error {
			req := c.R().SetContext(ctx)
			if atLeast >= bigSize {
				resp, err := req.SetResponseDoNotParse(true).Get(url)
				if err != nil {
					return err
				}
				return drainBody(resp.RawResponse, nil, settings{proto: 1}, atLeast)
			}
			resp, err := req.Get(url)
			if err == nil && int64(len(resp.Bytes())) < atLeast {
				err = fmt.Errorf("%d bytes instead of %d", len(resp.Bytes()), atLeast)
			}
			return err
		},
		post: func(ctx context.Context, url string, v *payload) error {
			var got answer
			_, err := c.R().SetContext(ctx).SetBody(v).SetResult(&got).Post(url)
			return got.checkSize(1000, err)
		},
		put: func(ctx context.Context, url string, src source) error {
			return src.use(func(r io.Reader) error {
				var got answer
				req := c.R().SetContext(ctx).SetBody(r).SetResult(&got)
				if src.length() > 0 {
					req.SetContentLength(src.length())
				}
				_, err := req.Put(url)
				return got.checkSize(bigSize, err)
			})
		},
	}
}

// overRetryable is go-retryablehttp, which has http.Client's calls.
func overRetryable(c *retryablehttp.Client) client {
	send := func(ctx context.Context, method, url string, body any, contentType string) (*http.Response, error) {
		req, err := retryablehttp.NewRequestWithContext(ctx, method, url, body)
		if err != nil {
			return nil, err
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		return c.Do(req)
	}
	return client{
		close: c.HTTPClient.CloseIdleConnections,
		get: func(ctx context.Context, url string, atLeast int64) error {
			resp, err := send(ctx, http.MethodGet, url, nil, "")
			return drainBody(resp, err, settings{proto: 1}, atLeast)
		},
		post: func(ctx context.Context, url string, v *payload) error {
			data, err := json.Marshal(v)
			if err != nil {
				return err
			}
			resp, err := send(ctx, http.MethodPost, url, bytes.NewReader(data), "application/json")
			return decodeAnswer(resp, err)
		},
		put: func(ctx context.Context, url string, src source) error {
			return src.use(func(r io.Reader) error {
				resp, err := send(ctx, http.MethodPut, url, r, "")
				return checkReceived(resp, err)
			})
		},
	}
}

// overFast is fasthttp: another implementation of HTTP, with another API and
// without contexts.
func overFast(srv *server, s settings) client {
	c := &fasthttp.Client{MaxConnsPerHost: maxConns, TLSConfig: srv.tls(), StreamResponseBody: true}
	send := func(method, url string, prepare func(*fasthttp.Request), use func(*fasthttp.Response) error) error {
		req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(resp)
		req.Header.SetMethod(method)
		req.SetRequestURI(url)
		if s.forceClose {
			req.SetConnectionClose()
		}
		prepare(req)
		if err := c.Do(req, resp); err != nil {
			return err
		}
		return use(resp)
	}
	return client{
		close: c.CloseIdleConnections,
		get: func(_ context.Context, url string, atLeast int64) error {
			return send(fasthttp.MethodGet, url, func(req *fasthttp.Request) {
				req.Header.Set("Accept-Encoding", "gzip")
			}, func(resp *fasthttp.Response) error { return drainFast(resp, atLeast) })
		},
		post: func(_ context.Context, url string, v *payload) error {
			data, err := json.Marshal(v)
			if err != nil {
				return err
			}
			return send(fasthttp.MethodPost, url, func(req *fasthttp.Request) {
				req.Header.SetContentType("application/json")
				req.SetBody(data)
			}, func(resp *fasthttp.Response) error {
				var got answer
				err := json.Unmarshal(resp.Body(), &got)
				return got.checkSize(1000, err)
			})
		},
		put: func(_ context.Context, url string, src source) error {
			return src.use(func(r io.Reader) error {
				return send(fasthttp.MethodPut, url, func(req *fasthttp.Request) {
					req.SetBodyStream(r, int(src.length()))
				}, func(resp *fasthttp.Response) error {
					var got answer
					err := json.Unmarshal(resp.Body(), &got)
					return got.checkSize(bigSize, err)
				})
			})
		},
	}
}

// drainFast reads the body, decoded if it is encoded.
func drainFast(resp *fasthttp.Response, atLeast int64) error {
	var n int64
	var err error
	if len(resp.Header.ContentEncoding()) > 0 {
		var data []byte
		data, err = resp.BodyUncompressed()
		n = int64(len(data))
	} else {
		n, err = io.Copy(io.Discard, resp.BodyStream())
	}
	if err == nil && n < atLeast {
		err = fmt.Errorf("%d bytes instead of %d", n, atLeast)
	}
	return err
}

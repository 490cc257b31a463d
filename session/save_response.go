package session

import (
	"cmp"
	"context"
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/session/internal/resume"
)

// openSaver prepares to save what url is asked for as. send makes the requests.
func openSaver(cfg *SaveConfig, url string, send func(ctx context.Context, extra Option) (*Response, error)) (*resume.Saver, error) {
	engine, err := cfg.engineConfig(url)
	if err != nil {
		return nil, err
	}
	engine.Fetch = func(ctx context.Context, span, validator string) (*resume.Response, error) {
		r, err := send(ctx, rangeOption(span, validator))
		if err != nil {
			return nil, err
		}
		return savedResponse(cfg, r), nil
	}
	return resume.Open(engine)
}

// savedResponse is a response as the engine sees it.
func savedResponse(cfg *SaveConfig, r *Response) *resume.Response {
	return &resume.Response{
		Response: r.Response, Decoded: r.body.decoding != nil || r.Uncompressed, Last: r.call.s.oneShot,
		MaxParallel: r.maxParallel(), MaxSize: r.body.limit, Call: saveCall{r, cfg},
	}
}

// maxParallel is how many requests can fetch what the response has.
func (r *Response) maxParallel() int {
	c := r.call
	if c.s.oneShot || c.method != http.MethodGet || c.opts.progress != nil {
		return 1
	}
	n := 1 << 30
	if pool := c.s.connector; pool != nil {
		for _, limit := range []int{pool.Limit(), pool.LimitPerHost()} {
			if limit > 0 {
				n = min(n, limit)
			}
		}
	}
	return n
}

// saveCall is the [resume.Call] of a [Response].
type saveCall struct {
	r   *Response
	cfg *SaveConfig
}

// FileName is the name that the configuration chooses, or that of the response.
func (c saveCall) FileName() string {
	if c.cfg.Name != nil {
		if name := SafeFileName(c.cfg.Name(c.r)); name != "" {
			return name
		}
	}
	return c.r.FileName()
}

func (c saveCall) BeginSave(at resume.Saved, total int64) error {
	if c.cfg.Begin == nil {
		return nil
	}
	return c.cfg.Begin(c.r, Saved(at), total)
}

// KeepCoding leaves the body as it is on the wire, if nothing was read and no other
// Transport has decoded it. A request that takes no codings has not been answered with one
// on top of what the file is; another one may have been.
func (c saveCall) KeepCoding() bool {
	return !c.r.full && c.r.keepCoding(c.r.call.sent.Header.Get("Accept-Encoding") != "identity")
}

func (c saveCall) Source() io.Reader { return c.r.bodySource() }

func (c saveCall) IsRead() bool { return c.r.full }

func (c saveCall) CheckStatus() error { return c.r.CheckStatus() }

func (c saveCall) ResponseError(reason string) error {
	e := c.r.responseError(cmp.Or(reason, c.r.Reason()))
	return &e
}

func (c saveCall) Close() { c.r.Close() }

// rangeOption asks for a range, such as "100-" or "100-199", or for all of it.
// Ranges and lengths have to count the bytes of the file itself.
func rangeOption(span, validator string) Option {
	return checkedOption("rangeOption", nil, func(o *options) error {
		o.setHeader("Accept-Encoding", "identity")
		for _, name := range []string{"Range", "If-Range"} {
			delete(o.ownHeader(), name)
		}
		if span != "" {
			o.setHeader("Range", "bytes="+span)
			o.setHeader("If-Range", validator)
			o.check = nil // a 416 has a meaning
		}
		return nil
	})
}

// inheritOptions makes a request like that of the call's last hop.
func (c *call) inheritOptions() Option {
	return checkedOption("inherited", nil, func(o *options) error {
		*o = *c.opts
		o.header, o.owned = c.opts.header.Clone(), true
		o.query, o.body, o.native = "", nil, nil
		return nil
	})
}

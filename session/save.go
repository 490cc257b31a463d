package session

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/aiolos-http/aiolos/errors"
)

// Save writes the body to a file and returns the file's length. It is SaveTo with
// a path alone.
func (r *Response) Save(ctx context.Context, path string) (int64, error) {
	saved, err := r.SaveTo(ctx, SaveConfig{Path: path})
	if err != nil {
		return 0, err
	}
	return saved.Size, nil
}

// SaveTo writes the body to a file and closes the response. The file grows under
// its name with ".part", beside a ".part.json" that says what the bytes are of;
// it gets its name when it is complete, has the length that was announced, is on
// the disk, and has the right checksum. Nothing outside of the file's directory
// is touched, whatever names the server gives and wherever links lead.
//
// If the transfer fails, the unfinished file stays, provided that the response
// has a strong validator. The next call for the same URL and file then asks only
// for the rest (Range and If-Range, RFC 9110 13.1.5, 14.2), for which SaveTo sends
// a second request; [Session.Save] does with one. A server that has something
// else by now, or does not answer so, sends the whole file again.
//
// An answer with the rest is taken only if it has the validator of what is there
// (RFC 9110 15.3.7) and is as long as its Content-Range. If the certificate of who
// began it was not verified, as with [Insecure], it has to come from the same one. A range whose end is not
// known to be that of the file is not the last: SaveTo asks for what comes after
// it, until the length is known, or the server says with the same validator that
// there is no more. The end of a whole body that has neither a length nor chunks is
// that of its connection (HTTP/1.0, RFC 9112 6.3), which cannot be told from a cut:
// there a Hash helps.
//
// A disk that is full is an error like a cut: what came before it stays, and can be
// gone on with.
//
// With Parallel, other requests fetch later parts of the file meanwhile (Range and
// If-Range again), as many as the connector's limits allow. The response itself
// goes on where a part has no connection yet, or the server does not answer with
// that very part of that very version. If a part fails
// twice, what is missing comes with one request after the other. An interruption keeps
// what has come of each part, and the next call asks for the gaps, with as many requests
// as its Parallel says; a process that is killed keeps what was there when its call
// began. A request with [Progress], and one with a
// [MaxBodySize] below what is missing, stays alone.
//
// A status of 400 or more is an error, as from [Response.CheckStatus]. The body
// must not have been read in part. ctx bounds the writing, beside the context of
// the request. Of two calls for one Path at the same time, in one process or two, the
// second one fails with an [errors.InvalidRequestError] once its answer is there, and
// what the first one makes stays whole; if the file is to get a number, it gets one.
// Where there is no flock (Windows, Solaris, some network file systems) such calls
// must not run at the same time. A Claim keeps calls apart before they begin.
// Beside an error, [Saved] tells what is left.
func (r *Response) SaveTo(ctx context.Context, cfg SaveConfig) (Saved, error) {
	if r.call != nil {
		r.call.s.beginCall()
		defer r.call.s.endCall()
	}
	defer r.Close()
	switch {
	case ctx == nil:
		return Saved{}, &errors.InvalidRequestError{Field: "context", Reason: "nil"}
	case r.call == nil || r.body.done > 0 && !r.full || r.stream != nil && r.stream.total > 0:
		return Saved{}, r.wrapError(&errors.InvalidRequestError{Field: "Save", Reason: "the body was read already"})
	}
	if err := r.CheckStatus(); err != nil {
		return Saved{}, err
	}
	if err := r.refuseUpgraded(); err != nil {
		return Saved{}, err
	}
	via := r.call.s.With().joinCall(r.call.s)
	sv, err := openSaver(&cfg, r.call.firstURL(), func(ctx context.Context, extra Option) (*Response, error) {
		return via.Request(ctx, http.MethodGet, r.url.String(), r.call.inheritOptions(), extra)
	})
	if err != nil {
		return Saved{}, r.wrapError(err)
	}
	defer sv.Close()
	saved, err := sv.SaveResponse(ctx, savedResponse(&cfg, r))
	return Saved(sv.Outcome(saved, err)), r.wrapError(err)
}

// Save requests url and writes the body to a file, as [Response.SaveTo] does. An
// unfinished file of the same URL is completed with a single request.
func (s *Session) Save(ctx context.Context, url string, cfg SaveConfig, opts ...Option) (Saved, error) {
	u, err := s.requestURL(url, opts)
	if err != nil {
		return Saved{}, errors.Wrap(http.MethodGet, u, err)
	}
	if ctx == nil {
		return Saved{}, errors.Wrap(http.MethodGet, u, &errors.InvalidRequestError{Field: "context", Reason: "nil"})
	}
	s.beginCall()
	defer s.endCall()
	if s.refusesCall() {
		return Saved{}, errors.Wrap(http.MethodGet, u, errors.ErrSessionClosed)
	}
	via := s.With().joinCall(s)
	sv, err := openSaver(&cfg, u.String(), func(ctx context.Context, extra Option) (*Response, error) {
		return via.Request(ctx, http.MethodGet, url, Join(opts...), extra)
	})
	if err != nil {
		return Saved{}, errors.Wrap(http.MethodGet, u, err)
	}
	defer sv.Close()
	saved, err := sv.SaveURL(ctx)
	return Saved(sv.Outcome(saved, err)), errors.Wrap(http.MethodGet, u, err)
}

// requestURL is the URL that a request with opts asks for first.
func (s *Session) requestURL(raw string, opts []Option) (*url.URL, error) {
	u, err := parseURL(s.baseURL, raw)
	if err != nil {
		return nil, err
	}
	o := s.base
	o.owned = false
	if err := o.applyAll(opts); err != nil {
		return u, err
	}
	if o.body != s.base.body {
		if o.body != nil && o.body.discard != nil {
			o.body.discard()
		}
		return u, &errors.InvalidRequestError{Field: "Save", Reason: "a request for a file has no body"}
	}
	if o.query != "" {
		u.RawQuery = joinQuery(u.RawQuery, o.query)
	}
	u.User = nil
	return withoutFragment(u), nil
}

func joinQuery(a, b string) string {
	if a == "" {
		return b
	}
	return a + "&" + b
}

// bodySource is the body from where it was read to: from its start if it was read
// and kept.
func (r *Response) bodySource() io.Reader {
	if r.full {
		return bytes.NewReader(r.data)
	}
	if r.stream != nil {
		return r.stream // which may have read ahead
	}
	return r.Body
}

// firstURL is the URL that the call asked for first.
func (c *call) firstURL() string {
	u := c.url
	if hops := c.redirectHistory(); len(hops) > 0 {
		u = hops[0].url
	}
	return withoutFragment(u).String()
}

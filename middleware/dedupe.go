package middleware

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// DedupeConfig bounds what [Dedupe] shares.
type DedupeConfig struct {
	// MaxBody is the longest body, in bytes, that is shared; it is in memory then.
	// 0 is 1 MiB, negative is none but empty ones.
	MaxBody int64
	// Key tells which requests are the same; what it returns "" for is sent on
	// its own. It is asked about GET and HEAD without a body only. nil takes
	// method, URL, Host and all headers, so that requests with other
	// credentials or cookies are others. Whatever it says, those with another
	// TLS policy or proxy of their own are others too.
	Key func(req *http.Request) string
	// OnEvent is told what happens, as [EventShared]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// Dedupe sends identical GET and HEAD requests that are under way at the same
// time only once, and gives the response to all of them. It is no cache: who
// comes after the response has a request sent anew.
//
// A body is shared if its Content-Length is known and within the limit. Any
// other response, and one that nobody else waits for, goes to the first caller
// as it comes, with nothing held in memory; the others then send requests of
// their own. So they do if the body breaks off, or if the first caller's time
// was over. Any other error is everybody's.
//
// Each caller waits with its own context. The request that is sent has the
// values of the first one's, and is cancelled when all have left. It is sent
// from a goroutine of its own, which ends with it. What Dedupe returns is safe
// for concurrent use; each wrapping stands for itself.
func Dedupe(cfg DedupeConfig) Middleware { return NewDeduper(cfg).Wrap }

// Deduper is what [Dedupe] makes its middleware of. It is made by
// [NewDeduper], since its zero value has no settings, and is safe for concurrent use.
type Deduper struct {
	cfg   DedupeConfig
	count struct{ requests, sent, shared, underWay atomic.Int64 }
}

// NewDeduper is [Dedupe] with a way to ask for its state.
func NewDeduper(cfg DedupeConfig) *Deduper {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	cfg.MaxBody = max(cfg.MaxBody, 0)
	if cfg.Key == nil {
		cfg.Key = dedupeKey
	}
	return &Deduper{cfg: cfg}
}

// Wrap is the [Middleware].
func (d *Deduper) Wrap(next http.RoundTripper) http.RoundTripper {
	return &dedupeTransport{Deduper: d, next: requireNext(next)}
}

// DedupeStats counts what a [Deduper] did since it was made, over all that it wraps.
type DedupeStats struct {
	Requests int64 // that could be shared
	Sent     int64 // for these
	Shared   int64 // of these, that got the response of another one
	UnderWay int64 // now: requests that others can join
}

// Stats returns the counters.
func (d *Deduper) Stats() DedupeStats {
	return DedupeStats{
		Requests: d.count.requests.Load(), Sent: d.count.sent.Load(),
		Shared: d.count.shared.Load(), UnderWay: d.count.underWay.Load(),
	}
}

const dedupePolicy = "dedupe"

type dedupeTransport struct {
	*Deduper
	next     http.RoundTripper
	inflight inflightCalls[*dedupeResult]
}

// RoundTrip joins a request that is under way, or begins one.
func (d *dedupeTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	key := ""
	if isDedupable(req) {
		key = d.cfg.Key(req)
	}
	if key == "" {
		return d.next.RoundTrip(req)
	}
	d.count.requests.Add(1)
	ctx, leader := req.Context(), &dedupeLeader{}
	key = httprule.PartitionOf(ctx) + "\n" + key
	f, first := d.inflight.joinOrStart(ctx, key, func(own context.Context, waiting func() int) (*dedupeResult, error) {
		return d.sendShared(own, req, leader, waiting)
	})
	if !first {
		defer NoteWait(ctx, dedupePolicy)()
	}
	result, err := d.inflight.awaitResult(ctx, key, f)
	switch {
	case err != nil:
		if first {
			leader.markGone()
		} else if ctx.Err() == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			return d.sendAlone(req) // it was the first caller's time that ended
		}
		return nil, err
	case result.resp == nil:
		return nil, nil //nolint:nilnil // as it came
	case result.shared:
		httprule.NoteShared(req)
		if !first {
			d.count.shared.Add(1)
			tellEvent(d.cfg.OnEvent, ctx, Event{Policy: dedupePolicy, Kind: EventShared, Host: originOf(req), Status: result.resp.StatusCode})
		}
		return result.copyFor(req), nil
	case first:
		return result.bindToCaller(ctx), nil
	}
	return d.sendAlone(req)
}

// sendAlone sends a request that could not share.
func (d *dedupeTransport) sendAlone(req *http.Request) (*http.Response, error) {
	d.count.sent.Add(1)
	return d.next.RoundTrip(req)
}

// isDedupable reports whether two such requests can have one response.
func isDedupable(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead:
		return (req.Body == nil || req.Body == http.NoBody) && !httprule.HasField(req.Header, "Upgrade") && req.URL != nil
	}
	return false
}

// dedupeKey is all that a server sees of a request.
func dedupeKey(req *http.Request) string {
	var b strings.Builder
	write := func(s string) { b.WriteString(strconv.Itoa(len(s)) + ":" + s) } // no two lists are alike
	write(req.Method)
	write(req.URL.String())
	write(req.URL.Host) // the text of an opaque URL does not have it
	write(req.Host)
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		write(name)
		write(strconv.Itoa(len(req.Header[name])))
		for _, value := range req.Header[name] {
			write(value)
		}
	}
	return b.String()
}

// sendShared sends the request, and reads the response if it is to be shared.
func (d *dedupeTransport) sendShared(own context.Context, req *http.Request, leader *dedupeLeader, waiting func() int) (*dedupeResult, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(own))
	stop := context.AfterFunc(own, cancel) // until the response has another owner
	defer stop()
	handed := false
	defer func() {
		if !handed { // it has failed, or something panics
			cancel()
		}
	}()
	d.count.sent.Add(1)
	d.count.underWay.Add(1)
	defer d.count.underWay.Add(-1)
	resp, err := d.next.RoundTrip(req.Clone(ctx)) //nolint:bodyclose // it goes to the first caller, or is shared and closed
	if err != nil || resp == nil {
		return &dedupeResult{}, err
	}
	result := &dedupeResult{resp: resp, cancel: cancel}
	if waiting() > 1 && d.isShareable(resp) {
		guardResponse(resp, func() { result.bufferBody(d.cfg.MaxBody) })
	}
	handed = true
	if !result.shared {
		leader.setResult(result)
	}
	return result, nil
}

func (d *Deduper) isShareable(resp *http.Response) bool {
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == nil {
		return false
	}
	head := resp.Request != nil && resp.Request.Method == http.MethodHead
	return head || resp.ContentLength >= 0 && resp.ContentLength <= d.cfg.MaxBody
}

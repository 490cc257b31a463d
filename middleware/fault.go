package middleware

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// FaultRule is one thing that goes wrong. Its zero value matches every request
// and does nothing; what is set is done in the order of the fields.
type FaultRule struct {
	// Match chooses the requests. Nil is all of them. It must not change them.
	Match func(*http.Request) bool
	// After lets that many matching requests pass first.
	After int
	// Times is how many requests after those are hit. 0 and negative are all.
	Times int

	// Delay waits before anything else. The request's context ends it.
	Delay time.Duration
	// Err is returned instead of sending the request. What the network says, such as
	// [io.EOF] or [syscall.ECONNRESET], gets the class that a connector would give it:
	// [errors.ErrServerDisconnected].
	Err error
	// Status, with Header and Body, is answered instead of sending the request,
	// if it is not 0.
	Status int
	Header http.Header
	Body   string `print:"-"`
	// CutBody ends the body of the response after that many bytes with CutErr.
	// 0 does not cut; negative cuts before the first byte.
	CutBody int64
	// CutErr is nil for what a connector makes of a connection that ends there: an
	// [errors.ClientPayloadError] around [io.ErrUnexpectedEOF]. Any other is given as it
	// is.
	CutErr error
	// SlowBody waits before each read of the body of the response. The
	// request's context and Close end it. Reads are of at most 1 KiB then.
	SlowBody time.Duration
}

// Fault makes things go wrong, for tests of what must withstand that. To each
// request the first rule applies that matches it and is not used up; without
// one it passes untouched. Each use of the returned Middleware counts anew. The
// body of a 101 is never touched.
func Fault(rules ...FaultRule) Middleware {
	rules = slices.Clone(rules)
	return func(next http.RoundTripper) http.RoundTripper {
		f := &faultTransport{next: next, rules: rules, seen: make([]atomic.Int64, len(rules))}
		return f
	}
}

type faultTransport struct {
	next  http.RoundTripper
	rules []FaultRule
	seen  []atomic.Int64 // matching requests, by rule
}

// matchRule takes the rule that applies to a request, or nil.
func (f *faultTransport) matchRule(req *http.Request) *FaultRule {
	for i := range f.rules {
		rule := &f.rules[i]
		if rule.Match != nil && !rule.Match(req) {
			continue
		}
		seen := f.seen[i].Add(1) - int64(rule.After)
		if seen > 0 && (rule.Times <= 0 || seen <= int64(rule.Times)) {
			return rule
		}
	}
	return nil
}

// RoundTrip sends the request, or does what the rule says.
func (f *faultTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	rule := f.matchRule(req)
	if rule == nil {
		return f.next.RoundTrip(req)
	}
	if err := faultWait(req.Context(), nil, rule.Delay); err != nil {
		closeBody(req)
		return nil, err
	}
	if rule.Err != nil {
		closeBody(req)
		return nil, classify.ForeignFailure(rule.Err, req)
	}
	var resp *http.Response
	if rule.Status != 0 {
		closeBody(req)
		resp = makeAnswer(req, rule.Status, rule.Header, rule.Body)
	} else {
		var err error
		if resp, err = f.next.RoundTrip(req); err != nil {
			return nil, err
		}
	}
	if resp.StatusCode != http.StatusSwitchingProtocols && resp.Body != nil && (rule.CutBody != 0 || rule.SlowBody > 0) {
		resp.Body = newFaultBody(req.Context(), rule, resp)
	}
	return resp, nil
}

// faultWait waits unless the context or closed ends it, whose reason it returns.
func faultWait(ctx context.Context, closed <-chan struct{}, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return httprule.ContextError(ctx)
	case <-closed:
		return http.ErrBodyReadAfterClose
	}
}

// faultSlowRead is the most that one slow read gives.
const faultSlowRead = 1 << 10

// faultBody is a body that is slow, or ends too soon.
type faultBody struct {
	io.ReadCloser
	ctx    context.Context //nolint:containedctx // the request's, whose body this is
	slow   time.Duration
	left   int64 // below zero from the start is no cut
	cut    bool
	cutErr error

	closed chan struct{}
	once   sync.Once
}

func newFaultBody(ctx context.Context, rule *FaultRule, resp *http.Response) *faultBody {
	b := &faultBody{
		ReadCloser: resp.Body, ctx: ctx, slow: rule.SlowBody, cut: rule.CutBody != 0,
		left: max(0, rule.CutBody), cutErr: rule.CutErr, closed: make(chan struct{}),
	}
	if b.cutErr == nil {
		b.cutErr = classify.BodyFailure(io.ErrUnexpectedEOF, b.left, resp.ContentLength)
	}
	return b
}

func (b *faultBody) Read(p []byte) (int, error) {
	if b.slow > 0 {
		if err := faultWait(b.ctx, b.closed, b.slow); err != nil {
			return 0, err
		}
		p = p[:min(len(p), faultSlowRead)]
	}
	if !b.cut {
		return b.ReadCloser.Read(p)
	}
	if b.left == 0 {
		return 0, b.cutErr
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *faultBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.ReadCloser.Close()
}

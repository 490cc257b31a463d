package ws_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/ws"
)

// A Doer of somebody else's may answer, and be asked, in any case (RFC 9110 5.1).
func TestNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	inner := client(t)
	c := dialWith(t, doerFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := inner.Do(req)
		if err != nil {
			return nil, err
		}
		if got := req.Header.Get("X-A"); got != "1" || req.Host != "other.example" {
			t.Errorf("got X-A %q to the host %q, want 1 to other.example", got, req.Host)
		}
		lower := http.Header{}
		for name, values := range resp.Header {
			lower["x"+name] = values
			lower[string(name[0]|0x20)+name[1:]] = values
		}
		resp.Header = lower
		return resp, nil
	}), serve(t, (*peer).echo).URL(), &ws.Options{Header: http.Header{"host": {"other.example"}, "x-a": {"1"}}})
	_ = c
}

// A cause that wraps the context's error is kept.
func TestContextCauseIsKept(t *testing.T) {
	t.Parallel()
	errShutdown := stderrors.New("shutting down")
	c := dialWith(t, client(t), serve(t, (*peer).echo).URL(), nil)
	for _, cause := range []error{errShutdown, fmt.Errorf("%w: %w", errShutdown, context.Canceled)} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := c.SendText(ctx, "x"); !stderrors.Is(err, errShutdown) || !stderrors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the cause and context.Canceled", err)
		}
	}
}

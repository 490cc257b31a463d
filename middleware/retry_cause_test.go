package middleware_test

import (
	"context"
	stderrors "errors"
	"net/http"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestRetryCause: a context that ends while an attempt is judged ends the request with its
// cause, whoever judges.
func TestRetryCause(t *testing.T) {
	t.Parallel()
	cause := stderrors.New("shutting down")
	endDuring := func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		ctx.Value(endKey{}).(context.CancelCauseFunc)(cause)
		return resp.StatusCode == http.StatusServiceUnavailable, err
	}
	for name, check := range map[string]retryablehttp.CheckRetry{
		"default": nil, "go-retryablehttp": retryablehttp.DefaultRetryPolicy, "propagated": retryablehttp.ErrorPropagatedRetryPolicy, "ends it": endDuring,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			rt := middleware.Retry(middleware.RetryPolicy{CheckRetry: check})(middleware.Func(func(req *http.Request) (*http.Response, error) {
				if name != "ends it" {
					cancel(cause)
				}
				return stubStatus(503, "")(req)
			}))
			req := newRequest(t, "GET", "http://h/", nil)
			resp, err := rt.RoundTrip(req.WithContext(context.WithValue(ctx, endKey{}, cancel)))
			if err == nil {
				resp.Body.Close()
			}
			if !stderrors.Is(err, cause) || !stderrors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the cause", err)
			}
		})
	}
}

type endKey struct{}

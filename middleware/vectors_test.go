package middleware_test

import (
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
)

func TestRetryAfterVectors(t *testing.T) {
	t.Parallel()
	for _, v := range wiretest.ReadVectors(t, "testdata/retry-after.txt") {
		h := http.Header{"Retry-After": v.In[:1], "Date": v.In[1:]}
		got := "none"
		if wait, ok := middleware.RetryAfter(h, retryNow); ok {
			got = wait.String()
		}
		if got != v.Want {
			t.Errorf("line %d: %q: got %s, want %s", v.Line, v.In, got, v.Want)
		}
	}
}

func TestAuthChallengeVectors(t *testing.T) {
	t.Parallel()
	for _, v := range wiretest.ReadVectors(t, "testdata/www-authenticate.txt") {
		if got := printChallenges(v.In...); got != v.Want {
			t.Errorf("line %d: %q\ngot  %s\nwant %s", v.Line, v.In, got, v.Want)
		}
	}
}

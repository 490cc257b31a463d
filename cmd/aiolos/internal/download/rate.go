package download

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
	"golang.org/x/time/rate"
)

// Rate is a number of bytes a second. Zero is no limit.
type Rate int64

// Set implements pflag.Value: a number, and K, M or G for 1024 of them and so on, as in
// curl and wget.
func (r *Rate) Set(s string) error {
	unit := 1.0
	for i, letter := range []string{"k", "m", "g"} {
		if number, ok := strings.CutSuffix(strings.ToLower(s), letter); ok {
			s, unit = number, math.Pow(1024, float64(i+1))
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if n *= unit; err != nil || !(n >= 0 && n < 1<<50) || n > 0 && n < 1 {
		return errors.New("use bytes a second, such as 500K or 2M, or 0 for no limit")
	}
	*r = Rate(n)
	return nil
}

// String implements pflag.Value.
func (r *Rate) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*r), 10)
}

// Type implements pflag.Value.
func (r *Rate) Type() string { return "bytes" }

// slice is how much of a second passes at once, so that what is slow moves evenly.
const slice = 10

// Middleware holds the bodies of all responses together to the rate. What it waits for is
// not read from the socket, so that the server waits too.
func (r *Rate) Middleware() []middleware.Middleware {
	if *r == 0 {
		return nil
	}
	burst := int(min(max(*r/slice, 1), 1<<20))
	limiter := rate.NewLimiter(rate.Limit(*r), burst)
	return []middleware.Middleware{func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil && resp.Body != nil {
				resp.Body = &slowBody{resp.Body, req.Context(), limiter}
			}
			return resp, err
		})
	}}
}

// slowBody is a body that is read no faster than the limiter lets it.
type slowBody struct {
	io.ReadCloser
	ctx     context.Context //nolint:containedctx // that of the request
	limiter *rate.Limiter
}

// Read reads what one slice of time allows, and then waits for as long.
func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.limiter.Burst())])
	if n > 0 {
		if waitErr := b.limiter.WaitN(b.ctx, n); waitErr != nil && err == nil {
			err = context.Cause(b.ctx)
			if err == nil { // the deadline comes before the turn
				err = context.DeadlineExceeded
			}
		}
	}
	return n, err
}

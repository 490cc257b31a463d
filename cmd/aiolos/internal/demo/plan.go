package demo

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// The settings of the session that fetches the plan.
const (
	planSize     = 300
	limit        = 20
	limitPerHost = 6
	sockRead     = 8 * time.Second // of requests that nothing is said about
	stallRead    = 800 * time.Millisecond
	dripTimeout  = 900 * time.Millisecond
	maxTime      = 20 * time.Second
	cookieName   = "aiolos"
	cookieValue  = "keeper-of-the-winds"
)

// success is the name of the outcome that is no error.
const success = "ok"

// outcome is what is expected of a URL.
type outcome struct {
	name   string          // in the report
	class  error           // nil: success
	cause  error           // that has to be below it, if any
	phase  aioerrors.Phase // of a timeout, if it matters
	status int             // of a response that is the error, if it matters
}

// matches reports whether an error is the outcome.
func (o outcome) matches(err error) bool {
	resp, _ := aioerrors.AsType[*aioerrors.ClientResponseError](err)
	timeout, _ := aioerrors.AsType[*aioerrors.TimeoutError](err)
	return aioerrors.Is(err, o.class) &&
		(o.cause == nil || aioerrors.Is(err, o.cause)) &&
		(o.phase == "" || timeout != nil && timeout.Phase == o.phase) &&
		(o.status == 0 || resp != nil && resp.Status == o.status)
}

// allOutcomes returns all outcomes, the most particular first: the first one that
// an error is counts.
func allOutcomes() []outcome {
	return []outcome{
		{name: "redirect loop", class: aioerrors.ErrTooManyRedirects},
		{name: "redirect to ftp", class: aioerrors.ErrNonHTTPURLRedirectClient},
		{name: "not HTTP", class: aioerrors.ErrBadHTTPMessage},
		{name: "total timeout", class: aioerrors.ErrTotalTimeout},
		{name: "head stalled", class: aioerrors.ErrSocketTimeout, phase: aioerrors.PhaseResponse},
		{name: "body stalled", class: aioerrors.ErrSocketTimeout, phase: aioerrors.PhaseBody},
		{name: "chunk broken", class: aioerrors.ErrTransferEncoding},
		{name: "gzip cut", class: aioerrors.ErrContentEncoding},
		{name: "refused", class: aioerrors.ErrClientConnector, cause: syscall.ECONNREFUSED},
		{name: "reset", class: aioerrors.ErrServerDisconnected, cause: syscall.ECONNRESET},
		{name: "disconnected", class: aioerrors.ErrServerDisconnected},
		{name: "body cut", class: aioerrors.ErrContentLength},
		{name: "busy", class: aioerrors.ErrClientResponse, status: http.StatusServiceUnavailable},
	}
}

// target is one URL of the plan.
type target struct {
	url     string
	want    outcome
	body    string // how to check the body of a success, see checkBody
	timeout session.ClientTimeout
}

// batch is a number of targets that differ only in their number.
type batch struct {
	n       int
	host    string
	path    string // %d is the number
	outcome string
	body    string
	timeout session.ClientTimeout
}

// planTargets returns the URLs, shuffled in the same way each time. The first one sets
// the cookie and has to be done before the others begin.
func planTargets(u *upstreams) []target {
	bin := localhostURL(u.bin)
	slow, flaky := localhostURL(u.slow), localhostURL(u.flaky)
	usual := session.ClientTimeout{}
	drip := session.ClientTimeout{Total: dripTimeout}
	stall := session.ClientTimeout{SockRead: stallRead}
	batches := []batch{
		{1, bin, "/cookies/set?" + cookieName + "=" + cookieValue + "#%d", success, "cookie", usual},
		{24, bin, "/get?n=%d", success, "echo", usual},
		{20, bin, "/bytes/1024?seed=%d", success, "1024", usual},
		{20, bin, "/relative-redirect/2?n=%d", success, "", usual},
		{15, bin, "/gzip?n=%d", success, "gzipped", usual},
		{15, bin, "/cookies?n=%d", success, "cookie", usual},
		{15, u.bin, "/cookies?n=%d", success, "no cookie", usual},
		{45, slow, "/delay/%d", success, "slow", usual},
		{30, slow, "/gzip/%d000", success, "text", usual},
		{4, slow, "/drip?n=%d", "total timeout", "", drip},
		{37, flaky, "/ok/%d", success, "ok", usual},
		{12, flaky, "/busy/%d", "busy", "", usual},
		{3, flaky, "/loop/%d", "redirect loop", "", usual},
		{5, flaky, "/away/%d", "redirect to ftp", "", usual},
		{6, flaky, "/hang-up/%d", "disconnected", "", usual},
		{6, flaky, "/cut-head/%d", "disconnected", "", usual},
		{6, flaky, "/reset-head/%d", "reset", "", usual},
		{4, flaky, "/garbage/%d", "not HTTP", "", usual},
		{8, flaky, "/cut-body/%d", "body cut", "", usual},
		{4, flaky, "/cut-chunk/%d", "chunk broken", "", usual},
		{4, flaky, "/bad-chunk/%d", "chunk broken", "", usual},
		{4, flaky, "/cut-gzip/%d", "gzip cut", "", usual},
		{4, flaky, "/stall-head/%d", "head stalled", "", stall},
		{4, flaky, "/stall-body/%d", "body stalled", "", stall},
		{4, localhostURL(u.refused), "/%d", "refused", "", usual},
	}
	known := map[string]outcome{success: {name: success}}
	for _, o := range allOutcomes() {
		known[o.name] = o
	}
	var targets []target
	for _, b := range batches {
		for i := range b.n {
			targets = append(targets, target{
				url:     "http://" + b.host + fmt.Sprintf(b.path, 20+i),
				want:    known[b.outcome],
				body:    b.body,
				timeout: b.timeout,
			})
		}
	}
	rest := targets[1:]
	rng := rand.New(rand.NewPCG(20, 6)) //nolint:gosec // the same in every run, which is the point
	rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return targets
}

// localhostURL replaces the address by the name, so that names are looked up too,
// and cookies have a host to belong to.
func localhostURL(addr string) string {
	return strings.Replace(addr, "127.0.0.1", "localhost", 1)
}

// classOf returns the name of the outcome that an error is, or its text.
func classOf(err error) string {
	if err == nil {
		return success
	}
	for _, o := range allOutcomes() {
		if o.matches(err) {
			return o.name
		}
	}
	return err.Error()
}

package demo_test

import (
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/demo"
)

// TestChecks: each thing that goes wrong is noticed.
func TestChecks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(map[int]string, map[string]int, *connector.Stats)
		want   int
	}{
		{"nothing", func(map[int]string, map[string]int, *connector.Stats) {}, 0},
		{"no cookie", func(got map[int]string, _ map[string]int, _ *connector.Stats) { got[0] = "body has nothing" }, 2},
		{"all busy", func(got map[int]string, _ map[string]int, _ *connector.Stats) {
			for i := range 300 {
				got[i] = "busy"
			}
		}, 3},
		{"host over its limit", func(_ map[int]string, peak map[string]int, _ *connector.Stats) { peak["b"] = 7 }, 1},
		{"one after the other", func(_ map[int]string, peak map[string]int, _ *connector.Stats) { peak["a"] = 1 }, 1},
		{"slot lost", func(_ map[int]string, _ map[string]int, s *connector.Stats) { s.InUse = 1 }, 1},
		{"waiter lost", func(_ map[int]string, _ map[string]int, s *connector.Stats) { s.Waiting = 1 }, 1},
		{"connection not counted", func(_ map[int]string, _ map[string]int, s *connector.Stats) { s.Opened = 6 }, 1},
	} {
		if got := demo.Failed(tt.change); got != tt.want {
			t.Errorf("%s: %d checks failed, want %d", tt.name, got, tt.want)
		}
	}
}

// unplanned stands for the text of the error itself.
const unplanned = "unplanned"

// TestClassOf: outcomes that are of one class are told apart.
func TestClassOf(t *testing.T) {
	t.Parallel()
	timeout := func(kind error, phase aioerrors.Phase) error {
		return &aioerrors.RequestError{Method: "GET", URL: "http://h/", Err: &aioerrors.TimeoutError{Kind: kind, Phase: phase}}
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, "ok"},
		{timeout(aioerrors.ErrTotalTimeout, aioerrors.PhaseBody), "total timeout"},
		{timeout(aioerrors.ErrSocketTimeout, aioerrors.PhaseBody), "body stalled"},
		{timeout(aioerrors.ErrSocketTimeout, aioerrors.PhaseResponse), "head stalled"},
		{aioerrors.ErrTransferEncoding, "chunk broken"},
		{aioerrors.ErrContentEncoding, "gzip cut"},
		{aioerrors.ErrContentLength, "body cut"},
		{aioerrors.ErrBadHTTPMessage, "not HTTP"},
		{aioerrors.ErrTooManyRedirects, "redirect loop"},
		{aioerrors.ErrNonHTTPURLRedirectClient, "redirect to ftp"},
		{&aioerrors.ClientConnectorError{Err: syscall.ECONNREFUSED}, "refused"},
		{aioerrors.ErrClientConnector, unplanned},
		{aioerrors.ErrServerDisconnected, "disconnected"},
		{&aioerrors.ServerDisconnectedError{Err: syscall.ECONNRESET}, "reset"},
		{&aioerrors.ClientResponseError{Status: 503}, "busy"},
		{&aioerrors.ClientResponseError{Status: 500}, unplanned},
		{aioerrors.ErrClientPayload, unplanned},
		{timeout(aioerrors.ErrSocketTimeout, aioerrors.PhasePool), unplanned},
		{timeout(aioerrors.ErrConnectionTimeout, aioerrors.PhaseDial), unplanned},
	} {
		want := tt.want
		if want == unplanned {
			want = tt.err.Error()
		}
		if got := demo.ClassOf(tt.err); got != want {
			t.Errorf("%v: got %q, want %q", tt.err, got, want)
		}
	}
}

package connector_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// bareTransport is net/http's own way to the server.
func bareTransport(t testing.TB, srv *h2Server) *http.Transport {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	tr := &http.Transport{TLSClientConfig: srv.client.Clone(), Protocols: protocols, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// roundTrip is one request on a kept connection.
func roundTrip(t testing.TB, rt http.RoundTripper, req *http.Request, buf []byte) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = resp.Body.Read(buf)
	}
	resp.Body.Close()
	if err != io.EOF || resp.ProtoMajor != 2 {
		t.Fatal(resp.Proto, err)
	}
}

// A request of HTTP/2 allocates not many more objects than with net/http alone,
// whatever it is bounded by.
func TestH2Allocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	srv := newH2Server(t, h2Options{}, okHandler)
	cancelable, cancel := context.WithCancel(context.Background())
	defer cancel()
	cases := []struct {
		name     string
		ctx      context.Context
		settings connector.Settings
	}{
		{"background", context.Background(), connector.Settings{}},
		{"cancelable", cancelable, connector.Settings{}},
		{"timeouts", cancelable, connector.Settings{Timeout: connector.ClientTimeout{Total: 1e12, Connect: 1e12, SockRead: 1e12}}},
	}
	c, err := connector.New(srv.config())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			buf := make([]byte, 512)
			measure := func(rt http.RoundTripper, ctx context.Context) float64 {
				req := newRequest(t, ctx, "GET", srv.url, nil)
				roundTrip(t, rt, req, buf)
				return testing.AllocsPerRun(300, func() { roundTrip(t, rt, req, buf) })
			}
			bare := measure(bareTransport(t, srv), tt.ctx)
			ours := measure(c, connector.WithSettings(tt.ctx, tt.settings))
			t.Logf("bare %.0f, ours %.0f", bare, ours)
			if ours > bare+5 {
				t.Errorf("%.0f allocations, want at most %.0f + 5", ours, bare)
			}
		})
	}
}

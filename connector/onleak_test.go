package connector_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// longBody is too long for Close to read its rest.
const longBody = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc"

// leaks collects what OnLeak says.
type leaks chan string

func (l leaks) hook(stack string) { l <- stack }

// wait lets the garbage collector run until something is said or the connector
// has been given enough occasion.
func (l leaks) wait(rounds int) (stack string, ok bool) {
	for range rounds {
		runtime.GC()
		select {
		case stack = <-l:
			return stack, true
		case <-time.After(5 * time.Millisecond):
		}
	}
	return "", false
}

//go:noinline
func dropResponse(t *testing.T, rt http.RoundTripper, url string, rec *connector.Recorder, upgrades bool, use func(*http.Response)) {
	t.Helper()
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: rec})
	req := newRequest(t, ctx, "GET", url, nil)
	if upgrades {
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "x")
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if use != nil {
		use(resp)
	}
}

// TestOnLeak tells of a response that was dropped, where it came from, and frees
// its slot; and of no other.
func TestOnLeak(t *testing.T) {
	t.Parallel()
	upgrade := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
	for name, test := range map[string]struct {
		answer string
		use    func(*http.Response)
		leaks  bool
	}{
		"dropped": {answer: longBody, leaks: true},
		"read in part": {answer: longBody, leaks: true, use: func(r *http.Response) {
			io.ReadFull(r.Body, make([]byte, 2))
		}},
		"closed":      {answer: longBody, use: func(r *http.Response) { r.Body.Close() }},
		"read":        {answer: okResponse, use: func(r *http.Response) { io.Copy(io.Discard, r.Body) }},
		"no body":     {answer: "HTTP/1.1 204 No Content\r\n\r\n"},
		"failed read": {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", use: func(r *http.Response) { io.ReadAll(r.Body) }},
		"trailer": {answer: chunked, use: func(r *http.Response) {
			io.ReadAll(r.Body)
			if r.Trailer.Get("X-Sum") != "1" {
				panic("no trailer")
			}
		}},
		"upgrade, dropped": {answer: upgrade, leaks: true},
		"upgrade, closed":  {answer: upgrade, use: func(r *http.Response) { r.Body.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, answer(test.answer))
			said := make(leaks, 10)
			c := newConnector(t, connector.Config{OnLeak: said.hook})
			rec := new(connector.Recorder) // does not keep the response
			defer runtime.KeepAlive(rec)
			dropResponse(t, c, srv.URL(), rec, test.answer == upgrade, test.use)
			rounds := 10
			if test.leaks {
				rounds = 400
			}
			stack, ok := said.wait(rounds)
			if ok != test.leaks {
				t.Fatalf("told: %v %q, want %v", ok, stack, test.leaks)
			}
			if !ok {
				return
			}
			first, _, _ := strings.Cut(stack, "\n")
			if !strings.HasSuffix(first, ".dropResponse(...)") || !strings.Contains(stack, "onleak_test.go:") {
				t.Errorf("the stack begins at %q of %q", first, stack)
			}
			if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
				t.Errorf("the slot is not free: %+v", st)
			}
			if again, ok := said.wait(5); ok {
				t.Errorf("told again: %q", again)
			}
		})
	}
}

//go:noinline
func dropSessionResponse(t *testing.T, s *session.Session, url string) {
	t.Helper()
	resp, err := s.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Read(make([]byte, 1))
}

// TestOnLeakSession: the session's own bookkeeping does not keep a response.
func TestOnLeakSession(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer(longBody))
	said := make(leaks, 10)
	c := newConnector(t, connector.Config{OnLeak: said.hook})
	s, err := session.New(session.Config{Connector: c})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dropSessionResponse(t, s, srv.URL())
	stack, ok := said.wait(400)
	if !ok || !strings.Contains(stack, "dropSessionResponse") {
		t.Errorf("told: %v %q", ok, stack)
	}
	if st := c.Stats(); st.InUse != 0 {
		t.Errorf("the slot is not free: %+v", st)
	}
}

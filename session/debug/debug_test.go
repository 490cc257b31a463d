package debug_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

// served is a server in memory at h:80, a session for it, and its page.
func served(t *testing.T, cfg connector.Config, h http.HandlerFunc) (*session.Session, *debug.Handler) {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) }) // it ends with the test
	t.Cleanup(func() { srv.Close(); wg.Wait() })
	cfg.DialContext = n.DialContext
	c, err := connector.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	retry := middleware.NewRetrier(middleware.RetryPolicy{})
	s, err := session.New(session.Config{Connector: c, OwnConnector: true, Middleware: []middleware.Middleware{retry.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	page, err := debug.New(debug.Config{Session: s, Stats: map[string]func() any{"retry": func() any { return retry.Stats() }}})
	if err != nil {
		t.Fatal(err)
	}
	return s, page
}

// ask asks for the page.
func ask(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

const canary = "canary"

// TestPage: with one slot left in use by a response that nobody reads, one request that
// waits for its answer, and two that wait for them, the page, the JSON and Stats say the
// same, and no secret.
func TestPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s, page := served(t, connector.Config{LimitPerHost: 2, OnLeak: func(string) {}}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/slow":
				<-goOn
			case "/late":
				<-r.Context().Done()
			default:
				_, _ = w.Write([]byte("body"))
			}
		})
		if _, err := s.Get(t.Context(), "http://h/late?x=canary", session.Timeout(time.Second), session.Bearer(canary)); !errors.Is(err, errors.ErrTotalTimeout) {
			t.Fatalf("got %v", err)
		}
		unread, err := s.Get(t.Context(), "http://me:canary@h/unread?q=canary#canary")
		if err != nil {
			t.Fatal(err)
		}
		defer unread.Close()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				resp, err := s.Get(t.Context(), "http://h/slow?<script>=canary", session.Header("X-Api-Key", canary))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Close()
			})
			synctest.Wait()
		}
		time.Sleep(5 * time.Second)
		checkState(t, s, page)
		close(goOn)
		wg.Wait()
		unread.Close()
		if state := page.State(); len(state.Calls) != 0 || state.Connector.InUse != 0 || state.Begun != 5 {
			t.Errorf("afterwards: %+v", state)
		}
	})
}

func checkState(t *testing.T, s *session.Session, page *debug.Handler) {
	t.Helper()
	state := page.State()
	hosts, total := s.Connector().HostStats()
	if state.Connector.Stats != total || len(state.Connector.PerHost) != 1 || state.Connector.PerHost[0].HostStats != hosts[0] {
		t.Errorf("got %+v, want %+v of %+v", state.Connector, hosts, total)
	}
	phases := map[session.CallPhase]int{}
	for _, c := range state.Calls {
		phases[c.Phase]++
		if (c.Phase == session.PhaseQueue) != (c.Waits == "2 of 2 slots of the host are in use") {
			t.Errorf("waits for %q: %+v", c.Waits, c)
		}
	}
	if want := map[session.CallPhase]int{session.PhaseQueue: 2, session.PhaseWait: 1, session.PhaseResponse: 1}; !reflect.DeepEqual(phases, want) {
		t.Errorf("got %v, want %v", phases, want)
	}
	if u := state.Unread(); len(u) != 1 || !strings.HasPrefix(u[0].Caller, "debug_test.go:") || len(state.Failures) != 1 || state.Failures[0].Class != "TotalTimeout" {
		t.Errorf("got %+v and %+v", u, state.Failures)
	}
	html := ask(t, page, "GET", "/debug").Body.String()
	for id, want := range map[string]int{"in_use": total.InUse, "unread": total.Unread, "waiting": total.Waiting, "opened": int(total.Opened), "idle": total.Idle} {
		if got := cell(t, html, id); got != want {
			t.Errorf("the page says %s: %d, want %d", id, got, want)
		}
	}
	for _, want := range []string{"2 of 2 slots of the host are in use", "debug_test.go:", "TotalTimeout", "http://h/slow?%3Cscript%3E=***", ">queue<", ">wait<", "&#34;Requests&#34;: 5", ">5s<"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %q:\n%s", want, html)
		}
	}
	text := ask(t, page, "GET", "/debug?format=json").Body.Bytes()
	var read debug.State
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Calls) != len(state.Calls) || read.Calls[0].URL != state.Calls[0].URL || read.Connector.Stats != total || read.Stats["retry"] == nil {
		t.Errorf("the JSON is %s", text)
	}
	for _, out := range []string{html, string(text)} {
		if strings.Contains(out, canary) || strings.Contains(out, "<script") {
			t.Errorf("a secret, or a script, in %s", out)
		}
	}
}

// TestBalanced: a call that waits for a backend says for what.
func TestBalanced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s, page := served(t, connector.Config{LimitPerHost: 1}, func(http.ResponseWriter, *http.Request) { <-goOn })
		balancer := middleware.NewBalancer(middleware.BalanceConfig{Host: "api.example", Backends: []middleware.Backend{{Addr: "h:80"}}})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				resp, err := s.Get(t.Context(), "http://api.example/", session.AddMiddleware(balancer.Wrap))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Close()
			})
			synctest.Wait()
		}
		calls := page.State().Calls
		if len(calls) != 2 || calls[1].Phase != session.PhaseQueue || calls[1].Waits != "1 of 1 slots of the host are in use" ||
			calls[1].Origin != "http://api.example:80" || calls[1].Server != "h:80" {
			t.Errorf("got %+v", calls)
		}
		close(goOn)
		wg.Wait()
	})
}

// cell is the number in the cell of that name.
func cell(t *testing.T, html, id string) (n int) {
	t.Helper()
	m := regexp.MustCompile(`id="` + id + `">(\d+)<`).FindStringSubmatch(html)
	if m == nil {
		t.Fatalf("no cell %s in %s", id, html)
	}
	if err := json.Unmarshal([]byte(m[1]), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestServeHTTP: methods and formats.
func TestServeHTTP(t *testing.T) {
	t.Parallel()
	_, page := served(t, connector.Config{}, func(http.ResponseWriter, *http.Request) {})
	for _, tt := range []struct {
		name, method, target, accept string
		status                       int
		kind                         string
	}{
		{"a browser", "GET", "/", "text/html,application/xhtml+xml,*/*;q=0.8", 200, "text/html; charset=utf-8"},
		{"nothing said", "GET", "/", "", 200, "text/html; charset=utf-8"},
		{"a program", "GET", "/", "application/json", 200, "application/json"},
		{"a browser that takes both", "GET", "/", "application/json, text/html", 200, "text/html; charset=utf-8"},
		{"format", "GET", "/?format=json", "text/html", 200, "application/json"},
		{"another format", "GET", "/?format=html", "application/json", 200, "text/html; charset=utf-8"},
		{"head", "HEAD", "/", "", 200, "text/html; charset=utf-8"},
		{"post", "POST", "/", "", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := ask(t, page, tt.method, tt.target, "Accept", tt.accept)
			h := rec.Result().Header
			if rec.Code != tt.status || h.Get("Content-Type") != tt.kind || h.Get("Cache-Control") != "no-store" {
				t.Errorf("got %d, %v", rec.Code, h)
			}
			body := rec.Body.String()
			if tt.kind == "application/json" && !json.Valid([]byte(body)) {
				t.Errorf("not JSON: %s", body)
			}
			if outside := regexp.MustCompile(`(?i)<(script|link|img|iframe)|(src|action)=|https?://|url\(|@import`).FindString(body); outside != "" {
				t.Errorf("%q in %s", outside, body)
			}
			if strings.HasPrefix(tt.kind, "text/html") && !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("got %q", h.Get("Content-Security-Policy"))
			}
		})
	}
}

// TestNewRefuses: what cannot be shown.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, ""), Mock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for field, cfg := range map[string]debug.Config{
		"Session": {},
		"Stats":   {Session: s, Stats: map[string]func() any{"x": nil}},
	} {
		_, err := debug.New(cfg)
		if invalid, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || invalid.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	page, err := debug.New(debug.Config{Session: s, Stats: map[string]func() any{"x": func() any { return func() {} }}})
	if err != nil {
		t.Fatal(err)
	}
	if rec := ask(t, page, "GET", "/"); rec.Code != 500 || strings.Contains(rec.Body.String(), "<html") {
		t.Errorf("numbers that are none: got %d", rec.Code)
	}
}

// TestForeign: a session without a connector has calls and no connections.
func TestForeign(t *testing.T) {
	t.Parallel()
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "body"), Mock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := debug.New(debug.Config{Session: s})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Get(t.Context(), "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	if html := ask(t, page, "GET", "/").Body.String(); !strings.Contains(html, ">response<") || strings.Contains(html, "Connections") {
		t.Errorf("got %s", html)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	if state := page.State(); len(state.Calls) != 0 || state.Connector != nil {
		t.Errorf("got %+v", state)
	}
}

//go:build interop && linux

package promaiolos_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aiolos-http/aiolos/contrib/promaiolos"
)

// startPrometheus runs a real one that scrapes the address every second, and returns its
// URL. It ends with the test.
func startPrometheus(t *testing.T, scraped string) string {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\n"+
		"scrape_configs: [{job_name: test, static_configs: [{targets: ['%s']}]}]\n", scraped)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s", said)
		}
		log.Close()
	})
	return "http://" + addr
}

// TestInteropPrometheus: what a real Prometheus has scraped are the numbers that the server
// has counted.
func TestInteropPrometheus(t *testing.T) {
	came := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if came[r.URL.Path]++; came[r.URL.Path] == 1 {
			w.WriteHeader(503)
			return
		}
		io.WriteString(w, "ok")
	}))
	defer srv.Close()
	retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Budget: &middleware.RetryBudget{Ratio: -1}})
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{retry.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("api", s, retry); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	exporter := httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	defer exporter.Close()
	url := startPrometheus(t, exporter.Listener.Addr().String())
	for i := range 100 {
		resp, err := s.Get(t.Context(), fmt.Sprintf("%s/%d", srv.URL, i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for query, want := range map[string]string{
		`aiolos_retry_attempts_total{client="api"}`:              "200",
		`aiolos_retries_total{client="api"}`:                     "100",
		`aiolos_connections{client="api",state="idle"}`:          "1",
		`sum(aiolos_connections_reused_total{client="api"})`:     "199",
		`aiolos_requests_in_use{client="api"}`:                   "0",
		`rate(aiolos_retries_total{client="api"}[1m]) >= bool 0`: "1",
	} {
		if got := awaitValue(ctx, t, url, query, want); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

// awaitValue asks Prometheus until it says what is wanted, and returns what it has said
// last.
func awaitValue(ctx context.Context, t *testing.T, url, query, want string) (got string) {
	t.Helper()
	s, err := session.New(session.Config{BaseURL: url + "/"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	type answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	for {
		a, err := session.Decode[answer](s.Get(ctx, "api/v1/query", session.Query("query", query)))
		if err == nil && len(a.Data.Result) == 1 {
			got, _ = a.Data.Result[0].Value[1].(string)
		}
		if got == want {
			return got
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return got
		}
	}
}

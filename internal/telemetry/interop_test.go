//go:build interop && linux

package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// startCollector runs a real collector, which writes down in the file what it gets, and
// returns its address. It ends with the test.
func startCollector(t *testing.T) (addr, log string) {
	t.Helper()
	path, err := filepath.Abs("../../.bin/otelcol")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("there is no collector: .ci/peers builds it")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	ln.Close()
	config := fmt.Sprintf("yaml:{receivers: {otlp: {protocols: {http: {endpoint: '%s'}}}}, exporters: {debug: {verbosity: detailed}}, "+
		"service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [otlp], exporters: [debug]}, metrics: {receivers: [otlp], exporters: [debug]}}}}", addr)
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--config="+config)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(out.Name())
			t.Logf("%.8000s", said)
		}
		out.Close()
	})
	(&watch{T: t}).until(func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr, out.Name()
}

// TestInteropCollector: what a real collector has got of spans and counts are the requests
// that the server has seen.
func TestInteropCollector(t *testing.T) {
	addr, log := startCollector(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(addr), otlptracehttp.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(addr), otlpmetrichttp.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics, sdkmetric.WithInterval(time.Hour))))
	var came atomic.Int64
	w := newWatch(t, "http", func(rw http.ResponseWriter, _ *http.Request) {
		if came.Add(1)%2 == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	tel, err := otelaiolos.New(otelaiolos.Config{TracerProvider: traces, MeterProvider: meters, Propagator: propagation.TraceContext{}})
	if err != nil {
		t.Fatal(err)
	}
	defer tel.Close()
	retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Budget: &middleware.RetryBudget{Ratio: -1}, OnEvent: tel.OnEvent})
	s, err := tel.NewSession(session.Config{Middleware: []middleware.Middleware{retry.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const calls = 100
	for range calls {
		w.get(s, "/?token="+canary)
	}
	if err := traces.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := meters.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	var text []byte
	w.until(func() bool {
		text, err = os.ReadFile(log)
		return err == nil && bytes.Contains(text, []byte("http.client.request.duration"))
	})
	if n := strings.Count(string(text), "Kind           : Client"); n != int(came.Load()) || n != 2*calls {
		t.Errorf("got %d spans, the server has seen %d requests, want %d", n, came.Load(), 2*calls)
	}
	for _, want := range []string{
		`(?s)Name: http\.client\.request\.duration.*http\.response\.status_code: Int\(200\).{0,400}?Count: 100\b`,
		`(?s)Name: http\.client\.request\.duration.*error\.type: Str\(503\).{0,400}?Count: 100\b`,
		`(?s)Name: aiolos\.client\.retries.*aiolos\.result: Str\(retried\).{0,400}?Value: 100\b`,
		`http\.request\.resend_count: Int\(1\)`, `url\.full: Str\(http://127\.0\.0\.1:\d+/\?token=\*\*\*\)`,
	} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("the collector has not got %s", want)
		}
	}
	if bytes.Contains(text, []byte(canary)) {
		t.Errorf("a secret in %s", surroundings(string(text)))
	}
}

//go:build interop && unix

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// figures are what a program tells of a run. Times are in milliseconds.
type figures struct {
	Errors int64   `json:"errors"`
	Rate   float64 `json:"rate"`
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
}

// TestInteropBenchWrk: wrk and "aiolos bench" measure the same of the same server.
// wrk is C and costs less CPU, so that on a machine that they share with the server
// they differ in what they can reach at most. So the server takes 5 ms for every
// request: 10 connections give somewhat less than 2000 requests a second, which
// both can keep. The rounds alternate, and the median of their ratios counts: what
// else the machine does meets both.
func TestInteropBenchWrk(t *testing.T) {
	const (
		rounds   = 5
		pause    = 5 * time.Millisecond
		most     = 2000 // requests a second
		rateBand = 1.10 // either way
		p50Band  = 1.10
		p99Band  = 2.00 // it is that of less than twenty requests in a round
	)
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		t.Skip("wrk is not installed")
	}
	aiolos := program(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(pause)
		_, _ = io.WriteString(w, "hello, world\n")
	}))
	t.Cleanup(srv.Close)
	var rate, p50, p99 []float64
	for i := range rounds {
		theirs := wrkRun(t, wrk, srv.URL)
		ours := benchRun(t, aiolos, "-z", "1s", "-c", "10", srv.URL)
		t.Logf("round %d: wrk %.0f/s, p50 %.2f ms, p99 %.2f ms; aiolos %.0f/s, p50 %.2f ms, p99 %.2f ms",
			i, theirs.Rate, theirs.P50, theirs.P99, ours.Rate, ours.P50, ours.P99)
		for _, f := range []figures{theirs, ours} {
			if f.Errors > 0 || f.P50 < 5 || f.Rate > most*1.01 {
				t.Errorf("got %+v of a server that takes 5 ms", f)
			}
		}
		rate = append(rate, ours.Rate/theirs.Rate)
		p50 = append(p50, ours.P50/theirs.P50)
		p99 = append(p99, ours.P99/theirs.P99)
	}
	for _, c := range []struct {
		name   string
		ratios []float64
		band   float64
	}{{"requests a second", rate, rateBand}, {"p50", p50, p50Band}, {"p99", p99, p99Band}} {
		got := middle(c.ratios)
		t.Logf("%s: %.3f of wrk's (%.3f to %.3f)", c.name, got, slices.Min(c.ratios), slices.Max(c.ratios))
		if !(got <= c.band && got >= 1/c.band) {
			t.Errorf("%s: got %.3f of wrk's, want 1 within a factor of %.2f", c.name, got, c.band)
		}
	}
}

// TestInteropBenchCPU: "aiolos bench" costs little more CPU than a loop that
// measures nothing. Both are processes of their own, and the server is this one,
// so that the CPU is theirs alone, their start included. The aim is 1.1; the test
// fails at 1.5 only, because other programs that share the caches change the cost
// of a short round by a tenth or two, not by half.
func TestInteropBenchCPU(t *testing.T) {
	const (
		rounds   = 7
		requests = "20000"
		workers  = "10"
		most     = 1.5
	)
	aiolos := program(t)
	loop, err := exec.LookPath("bareloop") // the test binary
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello, world\n")
	}))
	t.Cleanup(srv.Close)
	// Either goes first every other time.
	commands := [][]string{
		{aiolos, "bench", "-n", requests, "-c", workers, "--json", srv.URL},
		{loop, srv.URL, requests, workers},
	}
	var ratios []float64
	for i := range rounds {
		var cpu [2]time.Duration
		for j := range commands {
			which := (i + j) % 2
			cpu[which] = cpuOf(t, commands[which]...)
		}
		t.Logf("round %d: aiolos %s, bare loop %s", i, cpu[0], cpu[1])
		ratios = append(ratios, float64(cpu[0])/float64(cpu[1]))
	}
	got := middle(ratios)
	t.Logf("CPU for a request: %.3f of a bare loop's (%.3f to %.3f)", got, slices.Min(ratios), slices.Max(ratios))
	if got > most {
		t.Errorf("CPU for a request: got %.3f of a bare loop's, want %.1f at most", got, most)
	}
}

// cpuOf runs a command and returns the CPU time that it took.
func cpuOf(t *testing.T, command ...string) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// benchRun runs "aiolos bench".
func benchRun(t *testing.T, aiolos string, args ...string) figures {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), aiolos, append([]string{"bench", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	var f figures
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return f
}

// wrkRun runs wrk: one thread with 10 connections for a second.
func wrkRun(t *testing.T, wrk, url string) figures {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), wrk, "-t", "1", "-c", "10", "-d", "1s", "--latency", url).Output()
	if err != nil {
		t.Fatalf("wrk: %v", err)
	}
	if regexp.MustCompile(`Socket errors|Non-2xx`).Match(out) {
		t.Fatalf("wrk has seen errors:\n%s", out)
	}
	return figures{
		Rate: wrkFigure(t, out, `(?m)^Requests/sec:\s+([0-9.]+)()$`),
		P50:  wrkFigure(t, out, `(?m)^\s+50%\s+([0-9.]+)(us|ms|s)$`),
		P99:  wrkFigure(t, out, `(?m)^\s+99%\s+([0-9.]+)(us|ms|s)$`),
	}
}

// wrkFigure finds a number and its unit in what wrk prints.
func wrkFigure(t *testing.T, out []byte, pattern string) float64 {
	t.Helper()
	found := regexp.MustCompile(pattern).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, out)
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v * map[string]float64{"": 1, "us": 1e-3, "ms": 1, "s": 1e3}[string(found[2])]
}

// middle is the median of an odd number of values.
func middle(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

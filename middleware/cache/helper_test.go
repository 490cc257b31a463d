package cache_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// origin is a server whose next answer a test sets. The body of each full
// answer is its number.
type origin struct {
	mu     sync.Mutex
	answer string // "STATUS|Name: value|Name: value", "fail", or "hang"
	asked  int
	full   int
	last   http.Header // of the last request
}

var errOrigin = errors.New("origin is down")

func (o *origin) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req.Body.Close()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	o.last = req.Header.Clone()
	if o.answer == "fail" {
		return nil, errOrigin
	}
	if o.answer == "hang" {
		o.mu.Unlock()
		<-req.Context().Done()
		o.mu.Lock()
		return nil, req.Context().Err()
	}
	status, h := parseAnswer(o.answer)
	body := ""
	if status != http.StatusNotModified && status != http.StatusNoContent && req.Method != http.MethodHead {
		o.full++
		body = strconv.Itoa(o.full)
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}

var nowPattern = regexp.MustCompile(`\{now([+-][0-9a-z]+)?\}`)

// parseAnswer reads an answer. {now-1h} is the date of an hour ago.
func parseAnswer(text string) (int, http.Header) {
	parts := strings.Split(text, "|")
	status, err := strconv.Atoi(parts[0])
	if err != nil {
		panic(text)
	}
	return status, parseFields(parts[1:], true)
}

func parseFields(lines []string, date bool) http.Header {
	h := http.Header{}
	for _, line := range lines {
		line = nowPattern.ReplaceAllStringFunc(line, func(s string) string {
			d, _ := time.ParseDuration(strings.Trim(s, "{}now"))
			return time.Now().Add(d).UTC().Format(http.TimeFormat)
		})
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		h.Add(name, strings.TrimSpace(value))
	}
	if d := h["Date"]; len(d) == 1 && d[0] == "" {
		delete(h, "Date") // "Date:" is none at all
	} else if date && d == nil {
		h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return h
}

func (o *origin) set(answer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = answer
}

func (o *origin) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// step is one request through the cache.
type step struct {
	after  time.Duration // since the step before
	do     string        // "METHOD path", or "" for "GET /"
	with   string        // header of the request: "Name: value|Name: value"
	answer string        // of the origin from now on; "" as before
	// want is "BODY/ASKED": the number of the answer that came back, and how
	// many requests the origin has seen. BODY is "error" or a status if that is
	// not a success.
	want string
}

// testCase is a behaviour of a private cache.
type testCase struct {
	name  string
	cfg   cache.Config
	steps []step
}

// runCases plays the cases, each in a bubble where time is fake.
func runCases(t *testing.T, cases []testCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { tc.play(t) })
		})
	}
}

func (tc testCase) play(t *testing.T) {
	t.Helper()
	origin := &origin{}
	cfg := tc.cfg
	cfg.OnError = func(err error) {
		if !errors.Is(err, errOrigin) {
			t.Errorf("cache: %v", err)
		}
	}
	c := cache.New(cfg)
	defer c.Close()
	rt := c.Wrap(origin)
	for i, step := range tc.steps {
		if step.after > 0 {
			time.Sleep(step.after)
		}
		if step.answer != "" {
			origin.set(step.answer)
		}
		got := sendStep(t, rt, step)
		synctest.Wait()
		got += "/" + strconv.Itoa(origin.requests())
		if got != step.want {
			t.Fatalf("step %d: got %v, want %v", i, got, step.want)
		}
	}
}

func sendStep(t *testing.T, rt http.RoundTripper, step step) string {
	t.Helper()
	method, path, ok := strings.Cut(step.do, " ")
	if !ok {
		method, path = http.MethodGet, "/"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://example.com"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = parseFields(strings.Split(step.with, "|"), false)
	before := req.Header.Clone()
	resp, err := rt.RoundTrip(req)
	if fmt.Sprint(req.Header) != fmt.Sprint(before) {
		t.Errorf("the request was changed: %v", req.Header)
	}
	if err != nil {
		return "error"
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices || len(bytes.TrimSpace(body)) == 0 {
		return strconv.Itoa(resp.StatusCode)
	}
	return string(body)
}

// sendGet sends one GET and returns the response, its body read.
func sendGet(t testing.TB, rt http.RoundTripper, url string, fields ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = parseFields(fields, false)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

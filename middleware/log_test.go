package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

func logged(t *testing.T, cfg middleware.LogConfig, req *http.Request, next middleware.Func) map[string]any {
	t.Helper()
	var out bytes.Buffer
	cfg.Handler = slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
	resp, err := middleware.Log(cfg)(next).RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("got %q, want one line", out.String())
	}
	record := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	delete(record, "time")
	return record
}

func TestLogRecord(t *testing.T) {
	t.Parallel()
	get := func(t *testing.T) *http.Request {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/a?b=c", nil)
		return req
	}
	answer := func(status int, length int64, err error) middleware.Func {
		return func(*http.Request) (*http.Response, error) {
			time.Sleep(20 * time.Millisecond)
			if err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: status, Proto: "HTTP/2.0", ContentLength: length, Body: http.NoBody}, nil
		}
	}
	for _, tc := range []struct {
		name string
		next middleware.Func
		want map[string]any
	}{
		{"a response", answer(204, 0, nil), map[string]any{"level": "INFO", "status": 204.0, "proto": "HTTP/2.0", "received": 0.0}},
		{"a response of unknown length", answer(200, -1, nil), map[string]any{"level": "INFO", "status": 200.0, "proto": "HTTP/2.0"}},
		{"a missing thing is the program's matter", answer(404, 9, nil), map[string]any{"level": "INFO", "status": 404.0, "proto": "HTTP/2.0", "received": 9.0}},
		{"a broken server", answer(503, 9, nil), map[string]any{"level": "WARN", "status": 503.0, "proto": "HTTP/2.0", "received": 9.0}},
		{"a failure", answer(0, 0, errors.New("no\nway")), map[string]any{"level": "ERROR", "error": "no\nway"}},
		{"a caller who gave up", answer(0, 0, fmt.Errorf("get: %w", context.Canceled)), map[string]any{"level": "INFO", "error": "get: context canceled"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := logged(t, middleware.LogConfig{}, get(t), tc.next)
				tc.want["msg"], tc.want["method"], tc.want["url"] = "request", "GET", "http://example.com/a?b=***"
				tc.want["duration"] = float64(20 * time.Millisecond)
				if fmt.Sprint(got) != fmt.Sprint(tc.want) {
					t.Errorf("got %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestLogCanary(t *testing.T) {
	t.Parallel()
	for _, fail := range []bool{false, true} {
		var out bytes.Buffer
		log := middleware.Log(middleware.LogConfig{
			Handler: slog.NewTextHandler(&out, nil), Headers: true,
			Redaction: middleware.Redaction{Headers: []string{"x-mINE"}, ShowQuery: []string{"page"}},
		})
		req := mwtest.CanaryRequest(t, "body "+mwtest.Canary)
		resp, err := log(middleware.Func(func(req *http.Request) (*http.Response, error) {
			req.Body.Close()
			if fail {
				return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: errors.New("bad header " + req.Header.Get("X-Mine") + ": user" + mwtest.Canary)}
			}
			return mwtest.CanaryResponse(req), nil
		})).RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		mwtest.CheckCanary(t, out.String(), "request_header.X-Open=seen", "page=2", "http://***@example.com/path?token=***&q=***&***&page=2",
			`request_header.Cookie="sid=***;***; b=***"`)
		if fail == (err == nil) {
			t.Fatal(err)
		}
		if !fail {
			mwtest.CheckCanary(t, out.String(), "response_header.X-Seen=open", "sid=***; Path=/; HttpOnly", "/next?code=***", "</a?cursor=***>; rel=next", "http://***@h/")
		}
	}
}

// The level may be chosen, and a record below the handler's level costs no
// formatting.
func TestLogLevel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := middleware.Log(middleware.LogConfig{
		Handler: slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}),
		Level: func(resp *http.Response, _ error) slog.Level {
			if resp.StatusCode == 200 {
				return slog.LevelDebug
			}
			return slog.LevelError
		},
	})
	for _, status := range []int{200, 418} {
		req, _ := http.NewRequestWithContext(t.Context(), "", "http://example.com/", nil)
		resp, err := log(middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: http.NoBody}, nil
		})).RoundTrip(req)
		if err != nil || resp.StatusCode != status {
			t.Fatal(resp, err)
		}
	}
	if text := out.String(); !strings.Contains(text, "status=418") || strings.Contains(text, "status=200") || !strings.Contains(text, "method=GET") {
		t.Errorf("got %s", text)
	}
}

// Without a handler the middleware is not there; a handler's failure is not the
// request's; and the body of a 101 passes.
func TestLogPasses(t *testing.T) {
	t.Parallel()
	next := http.RoundTripper(middleware.Func(nil))
	if got := middleware.Log(middleware.LogConfig{})(next); fmt.Sprintf("%p", got) != fmt.Sprintf("%p", next) {
		t.Error("without a handler something is around the transport")
	}
	type connection struct{ io.ReadWriteCloser }
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	resp, err := middleware.Log(middleware.LogConfig{Handler: logBroken{slog.DiscardHandler}})(middleware.Func(func(got *http.Request) (*http.Response, error) {
		if got != req {
			t.Error("the request was copied")
		}
		return &http.Response{StatusCode: 101, Body: connection{}}, nil
	})).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := resp.Body.(connection); !ok {
		t.Errorf("got a body of %T", resp.Body)
	}
}

type logBroken struct{ slog.Handler }

func (logBroken) Enabled(context.Context, slog.Level) bool  { return true }
func (logBroken) Handle(context.Context, slog.Record) error { return errors.New("disk full") }

func ExampleLog() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{}
			}
			return a
		},
	})
	log := middleware.Log(middleware.LogConfig{Handler: handler})
	client := &http.Client{Transport: log(mwtest.HelloServer())}
	resp, err := client.Get("http://example.com/a?key=secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output:
	// the server is asked: GET /a
	// level=INFO msg=request method=GET url="http://example.com/a?key=***" status=200 proto=HTTP/1.1 received=5
}

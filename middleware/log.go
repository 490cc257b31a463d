package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// LogConfig says what [Log] writes, and where.
type LogConfig struct {
	// Handler takes the records. Nil logs nothing, at no cost.
	Handler slog.Handler
	// Level chooses the level of a record; exactly one of its arguments is nil.
	// Nil is Error for failures, Info for those that the caller's context
	// caused, Warn for the status 500 and above, and Info for the rest.
	Level func(resp *http.Response, err error) slog.Level
	// Headers adds the headers of the request and of the response.
	Headers bool
	// Redaction says what is hidden.
	Redaction Redaction
}

// Log writes one record per attempt, when the head of the response is there or
// the attempt has failed: "request" with method, url, status, proto, duration
// (to the head), sent and received (the announced lengths of the bodies in
// bytes, if there are any), and error. Inside a retrying middleware each attempt has its
// record; outside there is one for all of them. No secret is in it, and no body.
func Log(cfg LogConfig) Middleware {
	if cfg.Level == nil {
		cfg.Level = defaultLogLevel
	}
	return func(next http.RoundTripper) http.RoundTripper {
		if cfg.Handler == nil {
			return next
		}
		return Func(func(req *http.Request) (*http.Response, error) {
			start := time.Now()
			resp, err := next.RoundTrip(req)
			guardResponse(resp, func() { cfg.logExchange(req, resp, err, start) })
			return resp, err
		})
	}
}

func defaultLogLevel(resp *http.Response, err error) slog.Level {
	switch {
	case errors.Is(err, context.Canceled):
		return slog.LevelInfo
	case err != nil:
		return slog.LevelError
	case resp.StatusCode >= http.StatusInternalServerError:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func (cfg *LogConfig) logExchange(req *http.Request, resp *http.Response, err error, start time.Time) {
	ctx := req.Context()
	rules := (*redaction.Rules)(&cfg.Redaction).ForRequest(req)
	level := cfg.Level(resp, err)
	if !cfg.Handler.Enabled(ctx, level) {
		return
	}
	now := time.Now()
	record := slog.NewRecord(now, level, "request", 0)
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	record.AddAttrs(slog.String("method", method), slog.String("url", rules.URL(req.URL)))
	if err == nil {
		record.AddAttrs(slog.Int("status", resp.StatusCode), slog.String("proto", resp.Proto))
	}
	record.AddAttrs(slog.Duration("duration", now.Sub(start)))
	if req.ContentLength > 0 {
		record.AddAttrs(slog.Int64("sent", req.ContentLength))
	}
	if err == nil && resp.ContentLength >= 0 {
		record.AddAttrs(slog.Int64("received", resp.ContentLength))
	}
	if err != nil {
		record.AddAttrs(slog.String("error", rules.ErrorText(req, err)))
	}
	if cfg.Headers {
		record.AddAttrs(logHeaders(rules, "request_header", httprule.SentHeader(req.Header)))
		if err == nil {
			record.AddAttrs(logHeaders(rules, "response_header", resp.Header))
		}
	}
	// A request does not fail because of its log; slog's own Logger drops this
	// error too.
	_ = cfg.Handler.Handle(ctx, record)
}

// logHeaders is a group of the fields in order of their names.
func logHeaders(rules *redaction.Rules, group string, h http.Header) slog.Attr {
	shown := rules.Header(h)
	attrs := make([]slog.Attr, 0, len(shown))
	for name, values := range shown {
		attrs = append(attrs, slog.String(name, strings.Join(values, ", ")))
	}
	slices.SortFunc(attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })
	return slog.Attr{Key: group, Value: slog.GroupValue(attrs...)}
}

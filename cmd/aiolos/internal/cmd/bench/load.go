package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
)

// load is a request that is sent many times: made once by a session, and then
// sent by the connector alone, which costs less than a session does for each.
type load struct {
	template *http.Request
	body     []byte
	conn     *connector.Connector
	settings connector.Settings
}

// newLoad has a session make the request.
func (b *command) newLoad(ctx context.Context, j exchange.Job) (*load, error) {
	sess, err := b.Net.OpenSession(ctx, connector.Config{Limit: b.workers}, func(http.RoundTripper) http.RoundTripper { return exchange.NotSent{} })
	if err != nil {
		return nil, err
	}
	resp, err := sess.Request(ctx, j.Method, j.URL, j.Options...)
	if err != nil {
		return nil, errors.Join(err, sess.Close())
	}
	made := resp.Request
	l := &load{template: made.Clone(context.WithoutCancel(ctx)), body: j.Request.Body, conn: sess.Connector()}
	if s := connector.SettingsFrom(made.Context()); s != nil { //nolint:contextcheck // the session put them there
		l.settings = *s
	}
	l.settings.Deadline, l.settings.Started = time.Time{}, time.Time{}
	l.settings.Timeout = sess.Timeout()
	sess.Detach()
	return l, resp.Close()
}

// sendOnce sends the request once and reads the response.
func (l *load) sendOnce(ctx context.Context) (bench.Sample, error) {
	var record connector.Recorder
	settings := l.settings
	settings.Recorder = &record
	req := l.template.WithContext(connector.WithSettings(ctx, settings))
	if len(l.body) > 0 {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(l.body)), nil }
		req.Body = io.NopCloser(bytes.NewReader(l.body))
	}
	resp, err := l.conn.RoundTrip(req) //nolint:contextcheck // the request has it
	if err != nil {
		return bench.Sample{}, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return bench.Sample{}, err
	}
	return bench.Sample{Status: resp.StatusCode, Bytes: n, Timing: record.Timing()}, nil
}

// sendAll sends the requests. A request that cannot be sent at all ends it.
func (b *command) sendAll(ctx context.Context, l *load) (*bench.Result, error) {
	// Little is alive and much is thrown away here: collecting it less often
	// leaves the processor to the requests.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The requests themselves have a context without an end, for one that can end
	// costs each of them: closing the connector ends them too.
	endless := context.WithoutCancel(ctx)
	defer context.AfterFunc(run, func() { _ = l.conn.Close() })()
	cfg := bench.Config{
		Requests: b.number, Duration: time.Duration(b.duration), Workers: b.workers, Rate: b.rate,
		Send: func(context.Context) (bench.Sample, error) {
			s, err := l.sendOnce(endless)
			if err != nil && errors.Is(err, aioerrors.ErrInvalidRequest) {
				stop(err)
			}
			return s, err
		},
	}
	if b.App.CanRedraw() {
		cfg.Live = b.redrawProgress
	}
	result := bench.Run(run, cfg)
	if cfg.Live != nil {
		fmt.Fprint(b.App.Err, "\r\x1b[K")
	}
	if err := context.Cause(run); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return result, nil
}

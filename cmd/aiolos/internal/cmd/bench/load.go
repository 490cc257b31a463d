package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
)

// load are requests that are sent many times, in turn: made once by a session, and
// then sent by the connector alone, which costs less than a session does for each.
type load struct {
	shots []shot
	next  atomic.Uint64
	body  []byte // of all
	conn  *connector.Connector
}

// shot is one of the requests.
type shot struct {
	template *http.Request
	settings connector.Settings
}

// newLoad has a session make the requests.
func (b *command) newLoad(ctx context.Context, jobs []exchange.Job) (*load, error) {
	sess, err := b.Net.OpenSession(ctx, connector.Config{Limit: b.workers}, exchange.AnswerUnsent)
	if err != nil {
		return nil, err
	}
	l := &load{body: jobs[0].Request.Body, conn: sess.Connector()}
	for _, j := range jobs {
		s, err := newShot(ctx, sess, j)
		if err != nil {
			return nil, errors.Join(err, sess.Close())
		}
		l.shots = append(l.shots, s)
	}
	sess.Detach()
	return l, nil
}

// newShot has a session make one request.
func newShot(ctx context.Context, sess *session.Session, j exchange.Job) (shot, error) {
	resp, err := sess.Request(ctx, j.Method, j.URL, j.Options...)
	if err != nil {
		return shot{}, err
	}
	made := resp.Request
	s := shot{template: made.Clone(context.WithoutCancel(ctx))}
	if settings := connector.SettingsFrom(made.Context()); settings != nil { //nolint:contextcheck // the session put them there
		s.settings = *settings
	}
	s.settings.Deadline, s.settings.Started = time.Time{}, time.Time{}
	s.settings.Timeout = sess.Timeout()
	return s, resp.Close()
}

// nextShot is the request whose turn it is.
func (l *load) nextShot() *shot {
	if len(l.shots) == 1 {
		return &l.shots[0]
	}
	return &l.shots[(l.next.Add(1)-1)%uint64(len(l.shots))]
}

// sendOnce sends a request once and reads the response.
func (l *load) sendOnce(ctx context.Context) (bench.Sample, error) {
	var record connector.Recorder
	shot := l.nextShot()
	settings := shot.settings
	settings.Recorder = &record
	req := shot.template.WithContext(connector.WithSettings(ctx, settings))
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
		defer fmt.Fprint(b.App.Err, "\r\x1b[K")
	}
	b.last = bench.Progress{}
	b.warm(run, cfg)
	cfg.Timeline = b.json || b.page.Name != ""
	b.last = bench.Progress{}
	result := bench.Run(run, cfg)
	if err := context.Cause(run); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return result, nil
}

// warm sends requests that do not count.
func (b *command) warm(ctx context.Context, cfg bench.Config) {
	if b.warmUp <= 0 {
		return
	}
	cfg.Requests, cfg.Duration = 0, time.Duration(b.warmUp)
	if cfg.Live != nil {
		cfg.Live = b.redrawWarmUp
	}
	bench.Run(ctx, cfg)
}

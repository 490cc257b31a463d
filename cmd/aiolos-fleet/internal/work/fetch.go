package work

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// newSession is the session of the worker. It retries nothing: that is the queue's, where a
// wait costs no place. It keeps no cookies: the URLs of a list have nothing to do with each
// other.
func (w *worker) newSession(limits []middleware.Middleware) (*session.Session, error) {
	conn, err := connector.New(connector.Config{Limit: -1, Insecure: w.cfg.Insecure})
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{
		Connector: conn, OwnConnector: true, Jar: jar.Discard{}, Middleware: limits, Innermost: w.measure,
		Timeout: session.ClientTimeout{Total: -1, Connect: w.cfg.Connect, SockRead: w.cfg.Read},
	})
}

// measure notes how long a host takes for the head of a response.
func (w *worker) measure(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		start := time.Now()
		resp, err := next.RoundTrip(req)
		if req.Context().Err() == nil {
			w.stats.Host(req.URL.Host, time.Since(start))
		}
		return resp, err
	})
}

// save fetches a URL into its file. An unfinished one of the same URL is gone on with.
func (w *worker) save(ctx context.Context, t task.Task) (int64, error) {
	dir, name := t.File()
	root := w.cfg.Dir
	if dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return 0, &diskError{err}
		}
		sub, err := root.OpenRoot(dir)
		if err != nil {
			return 0, &diskError{err}
		}
		defer sub.Close()
		root = sub
	}
	saved, err := w.session.Save(ctx, t.URL, session.SaveConfig{Root: root, Path: name, IfExists: session.ExistsReplace})
	if err != nil && isOfDisk(err) {
		err = &diskError{err}
	}
	return saved.Size, err
}

// diskError is an error of the worker's own disk.
type diskError struct{ error }

// Unwrap returns it.
func (e *diskError) Unwrap() error { return e.error }

// isOfDisk reports whether an error is one of files: those of connections have a class of
// the library.
func isOfDisk(err error) bool {
	_, isPath := errors.AsType[*os.PathError](err)
	_, isLink := errors.AsType[*os.LinkError](err)
	named, ok := errors.AsType[*errors.RequestError](err)
	return ok && (isPath || isLink) && !errors.Is(named.Err, errors.ErrClient)
}

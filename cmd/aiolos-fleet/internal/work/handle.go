package work

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/hibiken/asynq"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// busyWait is after what time a task is tried again whose file another worker has.
const busyWait = 10 * time.Second

// handle does one task. What it returns is for asynq: see retryDelay and isFailure.
func (w *worker) handle(ctx context.Context, at *asynq.Task) error {
	w.running.Add(1)
	defer w.running.Done()
	if at.Type() != task.Type {
		return w.leaveForeign(at.Type())
	}
	attempts, err := w.attempts(ctx)
	if err != nil {
		return w.returnTask(time.Second, err)
	}
	t, err := task.Parse(at.Payload())
	if err != nil {
		return w.fail(task.Task{}, &failure{class: classOf(err), err: err, final: true})
	}
	if attempts >= w.cfg.Attempts {
		return w.fail(t, w.attemptsOver(ctx))
	}
	size, err := w.save(ctx, t)
	if w.silent.Load() {
		w.awaitRedis(ctx)
	}
	disk, ofDisk := errors.AsType[*diskError](err)
	pause, paused := errors.AsType[*middleware.LimitError](err)
	switch {
	case err == nil:
		w.done.Add(1)
		w.bytes.Add(size)
		w.stats.Done(size)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx) // the task went back already, or its lease is over
	case errors.Is(err, session.ErrSaveBusy): // a worker that was taken for dead, and is not
		return w.returnTask(busyWait, err)
	case paused:
		return w.returnTask(max(pause.Wait, time.Second), err)
	case ofDisk && !isOfName(disk):
		w.stop(disk.error)
		return w.returnTask(0, err)
	case ofDisk:
		return w.fail(t, &failure{class: "File", err: err, final: true})
	}
	return w.fail(t, w.judge(ctx, attempts+1, err))
}

// foreignWait is for how long a task of another program is left to its own workers.
const foreignWait = time.Minute

// leaveForeign leaves a task of another type to whoever knows it: asynq gives a worker all that
// is in its queue.
func (w *worker) leaveForeign(kind string) error {
	w.foreign.Do(func() {
		w.cfg.Notice("there are tasks of another program in this queue, %s, which are left alone: --queue gives this one a queue of its own", app.Line(kind))
	})
	return w.returnTask(foreignWait, errForeign)
}

// errForeign is the error of a task of another program.
var errForeign = errors.New("a task of another program, which aiolos-fleet leaves alone")

// errDied is the error of a task whose workers have died, each time.
var errDied = errors.New("every worker that tried it has died")

// attempts is how often the task was tried before, since it was last brought back from the
// archive.
func (w *worker) attempts(ctx context.Context) (int, error) {
	retried, _ := asynq.GetRetryCount(ctx)
	if retried == 0 {
		return retried, nil
	}
	id, _ := asynq.GetTaskID(ctx)
	base, err := task.RetryBase(ctx, w.cfg.Redis, w.cfg.Queue, id)
	return retried - base, err
}

// attemptsOver is why a task is given up that comes with all of its attempts used: each time
// its worker has died, or there are fewer attempts than there were. In that case what was the
// error last is the error still.
func (w *worker) attemptsOver(ctx context.Context) *failure {
	id, _ := asynq.GetTaskID(ctx)
	info, err := asynq.NewInspectorFromRedisClient(w.cfg.Redis).GetTaskInfo(w.cfg.Queue, id)
	if err == nil && !strings.HasPrefix(info.LastErr, "asynq: ") && !strings.HasPrefix(info.LastErr, putBackText) {
		if class, text, ok := strings.Cut(info.LastErr, ": "); ok {
			return &failure{class: class, err: errors.New(text), final: true}
		}
	}
	return &failure{class: "WorkerDied", err: errDied, final: true}
}

// judge decides by the library's rules for retries.
func (w *worker) judge(ctx context.Context, attempt int, err error) *failure {
	f := &failure{class: classOf(err), err: err}
	var again bool
	if refused := refusedStatus(err); refused != nil {
		resp := &http.Response{StatusCode: refused.Status, Header: refused.Header, Body: http.NoBody}
		f.wait, again = w.policy.NextAttempt(ctx, attempt, resp, nil)
	} else {
		f.wait, again = w.policy.NextAttempt(ctx, attempt, nil, err)
	}
	f.final = !again
	return f
}

// refusedStatus is the response whose status was refused, if that is the error.
func refusedStatus(err error) *errors.ClientResponseError {
	resp, ok := errors.AsType[*errors.ClientResponseError](err)
	if !ok || errors.Class(err) != "ClientResponse" {
		return nil
	}
	return resp
}

// classOf is the class of an error, with the status if it is that of a response.
func classOf(err error) string {
	class := errors.Class(err)
	if refused := refusedStatus(err); refused != nil {
		class += " " + strconv.Itoa(refused.Status)
	}
	return class
}

// isOfName reports whether an error of the disk is one of this file alone.
func isOfName(err error) bool {
	for _, one := range []error{syscall.EISDIR, syscall.ENOTDIR, syscall.ENAMETOOLONG, fs.ErrExist, session.ErrNotRegular} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

// fail counts a failure.
func (w *worker) fail(t task.Task, f *failure) error {
	if f.final {
		w.gaveUp.Add(1)
		w.writeFailed(t, f)
	} else {
		w.retried.Add(1)
	}
	w.stats.Failed(f.class, f.final)
	return f
}

// returnTask puts a task back that has not failed.
func (w *worker) returnTask(after time.Duration, err error) error {
	w.putBack.Add(1)
	return &returned{after, err}
}

// writeFailed writes a URL that was given up into the list of those. The reason stands before
// it, as a comment.
func (w *worker) writeFailed(t task.Task, f *failure) {
	if w.cfg.Failed == nil || t.URL == "" {
		return
	}
	w.failedMu.Lock()
	defer w.failedMu.Unlock()
	if _, err := fmt.Fprintf(w.cfg.Failed, "# %s\n%s\n", f.Error(), strings.TrimSpace(t.URL+" "+t.Name)); err != nil {
		w.stop(err) // the disk is full: the archive has the URL
	}
}

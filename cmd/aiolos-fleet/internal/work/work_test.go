package work_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/session"
	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/archive"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/push"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/work"
)

func TestMain(m *testing.M) { leak.Main(m) }

// fixture is a queue, a directory, and a server whose answers depend on the path.
type fixture struct {
	t      *testing.T
	client *redis.Client
	redis  *miniredis.Miniredis
	dir    string
	server *httptest.Server
	failed strings.Builder

	mu    sync.Mutex
	asked map[string]int
}

func newFixture(t *testing.T, answer func(w http.ResponseWriter, req *http.Request, n int)) *fixture {
	f := &fixture{t: t, redis: miniredis.RunT(t), dir: t.TempDir(), asked: map[string]int{}}
	f.client = redis.NewClient(&redis.Options{Addr: f.redis.Addr(), ContextTimeoutEnabled: true, PoolSize: 50})
	t.Cleanup(func() { f.client.Close() })
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		f.mu.Lock()
		f.asked[req.URL.Path]++
		n := f.asked[req.URL.Path]
		f.mu.Unlock()
		answer(w, req, n)
	}))
	t.Cleanup(f.server.Close)
	return f
}

// times is how often a path was asked for.
func (f *fixture) times(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

func (f *fixture) push(paths ...string) {
	f.t.Helper()
	p := push.New(f.t.Context(), push.Config{Redis: f.client, Queue: "q", Keep: time.Hour, OnBad: func(_ string, _ int, err error) { f.t.Error(err) }})
	for _, path := range paths {
		if err := p.Read("list", strings.NewReader(f.server.URL+path)); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// pushURL pushes one of another host.
func (f *fixture) pushURL(url string) {
	f.t.Helper()
	p := push.New(f.t.Context(), push.Config{Redis: f.client, Queue: "q", OnBad: func(_ string, _ int, err error) { f.t.Error(err) }})
	if err := errors.Join(p.Read("list", strings.NewReader(url)), p.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// config is that of a worker which ends when there is nothing more to do.
func (f *fixture) config() work.Config {
	f.t.Helper()
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { root.Close() })
	return work.Config{
		Redis: f.client, Queue: "q", Dir: root, Jobs: 4, Limits: work.Limits{PerHost: 2, Rate: 1000, Burst: 10}, Attempts: 3,
		MaxWait: 10 * time.Millisecond, MaxRetryAfter: 2 * time.Second, Connect: 10 * time.Second, Read: 10 * time.Second,
		Grace: 100 * time.Millisecond, UntilDone: true, Failed: &f.failed,
		Notice: func(format string, args ...any) { f.t.Logf(format, args...) },
	}
}

func (f *fixture) work(cfg work.Config) work.Counts {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 60*time.Second)
	defer cancel()
	counts, err := work.Run(ctx, cfg)
	if err != nil || ctx.Err() != nil {
		f.t.Fatalf("got %+v, %v, %v", counts, err, ctx.Err())
	}
	return counts
}

// file is the content of a path's file.
func (f *fixture) file(path string) string {
	one, err := task.New(f.server.URL+path, "")
	if err != nil {
		f.t.Fatal(err)
	}
	dir, name := one.File()
	data, err := os.ReadFile(filepath.Join(f.dir, dir, name))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// part is what there is of a path's unfinished file.
func (f *fixture) part(path string) string {
	one, err := task.New(f.server.URL+path, "")
	if err != nil {
		f.t.Fatal(err)
	}
	dir, name := one.File()
	data, err := os.ReadFile(filepath.Join(f.dir, dir, name+".part"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// archived are the errors of the archive.
func (f *fixture) archived() []string {
	tasks, err := asynq.NewInspectorFromRedisClient(f.client).ListArchivedTasks("q")
	if err != nil {
		f.t.Fatal(err)
	}
	var texts []string
	for _, one := range tasks {
		texts = append(texts, strings.ReplaceAll(one.LastErr, f.server.URL, ""))
	}
	slices.Sort(texts)
	return texts
}

// TestWork: what may pass is tried again, what will not goes to the archive with its class,
// and retry brings that back with all its attempts.
func TestWork(t *testing.T) {
	t.Parallel()
	fixed := false
	f := newFixture(t, func(w http.ResponseWriter, req *http.Request, n int) {
		switch {
		case req.URL.Path == "/gone" && !fixed:
			http.NotFound(w, req)
		case req.URL.Path == "/never" && !fixed, req.URL.Path == "/once" && n == 1:
			w.WriteHeader(http.StatusInternalServerError)
		case req.URL.Path == "/busy" && n == 1:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		case req.URL.Path == "/cut" && n == 1:
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		default:
			io.WriteString(w, req.URL.String())
		}
	})
	f.push("/a", "/a?q=1", "/a?q=secret", "/once", "/busy", "/cut", "/gone", "/never", "/gone?token=secret")
	counts := f.work(f.config())
	if counts.Done != 6 || counts.GaveUp != 3 || counts.Retried != 5 {
		t.Errorf("got %+v, want 6 done, 5 retried, 3 given up", counts)
	}
	for _, path := range []string{"/a", "/a?q=1", "/a?q=secret", "/once", "/busy", "/cut"} {
		if got := f.file(path); got != path {
			t.Errorf("%s: got %q", path, got)
		}
	}
	want := []string{
		"ClientResponse 404: get /gone: 404 Not Found: 404 page not found",
		"ClientResponse 404: get /gone?token=***: 404 Not Found: 404 page not found",
		"ClientResponse 500: get /never: 500 Internal Server Error",
	}
	if got := f.archived(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, text := range []string{"# ClientResponse 500: ", f.server.URL + "/never\n", f.server.URL + "/gone\n"} {
		if !strings.Contains(f.failed.String(), text) {
			t.Errorf("%q is not in the list of failures:\n%s", text, &f.failed)
		}
	}
	s, err := stats.Read(t.Context(), f.client, "q", 5)
	if err != nil || s.Done != 6 || s.Failed != 8 || s.Failures[0] != (stats.Failure{Class: "ClientResponse 404", Attempts: 2, GaveUp: 2}) || len(s.Hosts) != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
	for class, want := range map[string]int{"SocketTimeout": 0, "clientresponse 500": 1} {
		if n, err := archive.Retry(t.Context(), f.client, "q", []string{class}); err != nil || n != want {
			t.Errorf("%s: got %d, %v, want %d", class, n, err, want)
		}
	}
	f.work(f.config())
	if n := f.times("/never"); n != 6 {
		t.Errorf("asked %d times, want 3 times more", n)
	}
	fixed = true
	if n, err := archive.Retry(t.Context(), f.client, "q", []string{"ClientResponse"}); err != nil || n != 3 {
		t.Errorf("got %d, %v, want 3", n, err)
	}
	if counts := f.work(f.config()); counts.Done != 3 || len(f.archived()) != 0 {
		t.Errorf("got %+v and %q, want all done", counts, f.archived())
	}
}

// TestPermanent: what will not pass is asked for once.
func TestPermanent(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	f := newFixture(t, func(w http.ResponseWriter, req *http.Request, _ int) {
		switch req.URL.Path {
		case "/loop":
			http.Redirect(w, req, "/loop", http.StatusFound)
		case "/ftp":
			http.Redirect(w, req, "ftp://h/", http.StatusFound)
		case "/tls":
			http.Redirect(w, req, secure.URL, http.StatusFound)
		}
	})
	f.push("/loop", "/ftp", "/tls")
	client := asynq.NewClientFromRedisClient(f.client)
	for _, payload := range []string{`nonsense`, `{"url":"ftp://h/"}`, `{"url":"http://h/","name":"../x"}`} {
		if _, err := client.Enqueue(asynq.NewTask(task.Type, []byte(payload)), asynq.Queue("q")); err != nil {
			t.Fatal(err)
		}
	}
	counts := f.work(f.config())
	var classes []string
	for _, text := range f.archived() {
		class, _, _ := strings.Cut(text, ":")
		classes = append(classes, class)
	}
	want := "ClientConnectorCertificate InvalidRequest NonHTTPURLClient NonHTTPURLRedirectClient Other TooManyRedirects"
	if got := strings.Join(classes, " "); got != want || counts.Retried != 0 || f.times("/tls") != 1 {
		t.Errorf("got %s and %+v, want %s", got, counts, want)
	}
}

// TestStop: what is under way when a worker is told to end goes back, counts as nothing, and
// is gone on with where it was.
func TestStop(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 10)
	f := newFixture(t, func(w http.ResponseWriter, req *http.Request, n int) {
		w.Header().Set("Etag", `"1"`)
		w.Header().Set("Accept-Ranges", "bytes")
		if n == 1 {
			w.Header().Set("Content-Length", "8")
			io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			began <- struct{}{}
			<-req.Context().Done()
			return
		}
		if req.Header.Get("Range") == "bytes=4-" {
			w.Header().Set("Content-Range", "bytes 4-7/8")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, "done")
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})
	f.push("/a")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	if counts, err := work.Run(ctx, f.config()); err != nil || counts != (work.Counts{}) {
		t.Errorf("got %+v, %v, want nothing", counts, err)
	}
	tasks, err := asynq.NewInspectorFromRedisClient(f.client).ListPendingTasks("q")
	if err != nil || len(tasks) != 1 || tasks[0].Retried != 0 {
		t.Fatalf("got %+v, %v, want it to wait", tasks, err)
	}
	f.work(f.config())
	if got := f.file("/a"); got != "halfdone" {
		t.Errorf("got %q", got)
	}
}

// TestBusyFile: a file that another worker is saving is left to it, and that is no failure.
func TestBusyFile(t *testing.T) {
	t.Parallel()
	one, err := task.New("http://h/", "")
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("Etag", `"1"`)
		if n == 1 {
			io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			<-end
		}
	})
	cfg := f.config()
	first := work.NewSaver(cfg)
	defer first.Close()
	one.URL = f.server.URL + "/a"
	done := make(chan error)
	go func() { done <- first.Save(t.Context(), one) }()
	// It has the file when there is something in it.
	for deadline := time.Now().Add(time.Minute); f.part("/a") != "half"; {
		if time.Now().After(deadline) {
			t.Fatal("nothing was saved")
		}
		runtime.Gosched()
	}
	if err := first.Save(t.Context(), one); !errors.Is(err, session.ErrSaveBusy) {
		t.Errorf("got %v, want that it is busy", err)
	}
	close(end)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDisk: an error of the disk ends the worker, and one of a name does not.
func TestDisk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, _ int) { io.WriteString(w, "x") })
	if err := os.MkdirAll(filepath.Join(f.dir, "n", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.push("/named n")
	if counts := f.work(f.config()); counts.GaveUp != 1 || !strings.HasPrefix(f.archived()[0], "File: ") {
		t.Errorf("got %+v, %q, want that it is given up", counts, f.archived())
	}
	if err := os.WriteFile(filepath.Join(f.dir, "hosts"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	f.push("/a")
	if counts := f.work(f.config()); counts.GaveUp != 1 { // ENOTDIR
		t.Errorf("got %+v", counts)
	}
	cfg := f.config()
	cfg.Dir.Close()
	f.push("/b")
	if counts, err := work.Run(t.Context(), cfg); err == nil || counts.PutBack != 1 || counts.GaveUp != 0 {
		t.Errorf("got %+v, %v, want an error and the task put back", counts, err)
	}
}

// TestReclaim: a task whose lease is over is taken back, unless a worker that lives has it,
// and only so often.
func TestReclaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, _ int) {})
	f.push("/a", "/b", "/c")
	// A worker that took all three, and died; one lease is not over.
	now := time.Unix(1_800_000_000, 0)
	f.redis.SetTime(now)
	ids, err := f.redis.List(task.PendingKey("q"))
	if err != nil {
		t.Fatal(err)
	}
	f.redis.Del(task.PendingKey("q"))
	for n, id := range ids {
		f.redis.Lpush(task.ActiveKey("q"), id)
		f.redis.HSet(task.Key("q", id), "state", "active")
		f.redis.ZAdd(task.LeaseKey("q"), float64(now.Unix()-2+int64(2*n)), id)
	}
	f.redis.HSet(task.Key("q", ids[0]), "other", "x")
	for round, want := range []int{1, 0} {
		if n, err := work.ReclaimExpired(t.Context(), f.config()); err != nil || n != want {
			t.Errorf("round %d: got %d, %v, want %d", round, n, err, want)
		}
	}
	if got, _ := f.redis.List(task.PendingKey("q")); !slices.Equal(got, ids[:1]) || f.redis.HGet(task.Key("q", ids[0]), "state") != "pending" {
		t.Errorf("got %v, want %s", got, ids[0])
	}
	// The third time is asynq's.
	f.redis.HSet(task.Key("q", ids[1]), "reclaimed", "2")
	f.redis.SetTime(now.Add(time.Second))
	if n, err := work.ReclaimExpired(t.Context(), f.config()); err != nil || n != 0 {
		t.Errorf("got %d, %v, want 0", n, err)
	}
}

// TestUnavailable: a worker without Redis does not begin.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(http.ResponseWriter, *http.Request, int) {})
	f.redis.Close()
	if _, err := work.Run(t.Context(), f.config()); err == nil {
		t.Error("got no error")
	}
}

// TestRetryDelay: what asynq is told of each end of an attempt.
func TestRetryDelay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err     error
		delay   time.Duration
		failure bool
	}{
		{work.NewFailure(7 * time.Second), 7 * time.Second, true},
		{fmt.Errorf("x: %w", work.NewReturned(3*time.Second)), 3 * time.Second, false},
		{asynq.ErrLeaseExpired, 0, true},
	} {
		if d, failure := work.Told(tt.err); d != tt.delay || failure != tt.failure {
			t.Errorf("%v: got %v, %v", tt.err, d, failure)
		}
	}
}

// TestAwaitRedis: a task that has ended waits until Redis answers, or its lease is over.
func TestAwaitRedis(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		work.AwaitRedis(t.Context(), func(answer func()) { time.AfterFunc(3*time.Second, answer) })
		if took := time.Since(start); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("waited %v, want 3 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		work.AwaitRedis(ctx, func(func()) {})
		if ctx.Err() == nil {
			t.Error("did not wait")
		}
	})
}

package push_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/push"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

func TestMain(m *testing.M) { leak.Main(m) }

// run pushes a text, and returns the outcome and the lines that were refused.
func run(t *testing.T, client redis.UniversalClient, text string) (push.Result, string, error) {
	t.Helper()
	var mu sync.Mutex
	refused := map[int]string{}
	p := push.New(t.Context(), push.Config{Redis: client, Queue: "q", Keep: time.Hour, OnBad: func(file string, line int, err error) {
		mu.Lock()
		defer mu.Unlock()
		refused[line] = fmt.Sprintf("%s:%d: %v", file, line, err)
	}})
	readErr := p.Read("list", strings.NewReader(text))
	err := p.Close()
	if readErr != nil {
		err = readErr
	}
	told := ""
	for n := range 100 {
		if refused[n] != "" {
			told += refused[n] + "\n"
		}
	}
	return p.Result(), told, err
}

func newRedis(t *testing.T) (*redis.Client, *miniredis.Miniredis) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), PoolSize: push.Parallel, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	return client, server
}

// TestPush: each URL once; what is no URL is told, and the rest is pushed.
func TestPush(t *testing.T) {
	client, _ := newRedis(t)
	list := "\ufeff# a comment\r\n\r\n  http://h/a  \r\nhttp://h/b b.txt\r\nhttp://h/c\tb.txt\r\nnonsense\r\nhttp://h/a#again\r\nhttp://h/d B.TXT\r\nhttp://h/b b.txt"
	r, told, err := run(t, client, list)
	want := "list:5: \"b.txt\" is the name of another URL's file\nlist:6: "
	// The names may be claimed in any order but that of one URL.
	if err != nil || r.New+r.Known != 4 || r.Bad != 3 || !strings.Contains(told, "is the name of another URL's file") || !strings.Contains(told, "list:6: ") {
		t.Errorf("got %+v, %v, %q, want %q", r, err, told, want)
	}
	again, _, err := run(t, client, list)
	if err != nil || again.New != 0 || again.Known != 4 {
		t.Errorf("again: got %+v, %v, want all known", again, err)
	}
	tasks, err := asynq.NewInspectorFromRedisClient(client).ListPendingTasks("q")
	if err != nil || len(tasks) != int(r.New) {
		t.Fatalf("got %d tasks, %v, want %d", len(tasks), err, r.New)
	}
	for _, one := range tasks {
		parsed, err := task.Parse(one.Payload)
		if err != nil || parsed.ID() != one.ID || one.Type != task.Type || one.Retention != time.Hour {
			t.Errorf("got %+v, %v", one, err)
		}
	}
}

// TestPushUTF16: a list as the shells of Windows write it.
func TestPushUTF16(t *testing.T) {
	client, _ := newRedis(t)
	var list strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeffhttp://h/ä\r\nhttp://h/b\r\n")) {
		list.WriteByte(byte(unit))
		list.WriteByte(byte(unit >> 8))
	}
	if r, told, err := run(t, client, list.String()); err != nil || r.New != 2 {
		t.Errorf("got %+v, %q, %v, want 2", r, told, err)
	}
}

// TestPushLongLine: what is no list ends with an error that says where.
func TestPushLongLine(t *testing.T) {
	client, _ := newRedis(t)
	r, _, err := run(t, client, "http://h/a\n"+strings.Repeat("x", 2<<20))
	if err == nil || !strings.Contains(err.Error(), "list: after line 1: ") || r.New != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestPushUnavailable: Redis goes away, and the error is its.
func TestPushUnavailable(t *testing.T) {
	client, server := newRedis(t)
	server.SetError("OOM command not allowed when used memory > 'maxmemory'.")
	r, told, err := run(t, client, strings.Repeat("http://h/a\n", 5000))
	if err == nil || !strings.Contains(err.Error(), "OOM") || r.New != 0 || told != "" {
		t.Errorf("got %+v, %q, %v", r, told, err)
	}
}

// TestPushEnded: nobody waits for a pusher whose context has ended.
func TestPushEnded(t *testing.T) {
	client, _ := newRedis(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := push.New(ctx, push.Config{Redis: client, Queue: "q"})
	<-p.Failed()
	if err := p.Read("list", strings.NewReader(strings.Repeat("http://h/a\n", 100_000))); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != context.Canceled || p.Err() != context.Canceled {
		t.Errorf("got %v, want the context's", err)
	}
}

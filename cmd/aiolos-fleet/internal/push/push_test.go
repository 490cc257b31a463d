package push_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
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

// TestPushLongLine: what is no URL is refused like any other line, and the rest is pushed.
func TestPushLongLine(t *testing.T) {
	client, _ := newRedis(t)
	long := strings.Repeat("x", 2<<20)
	for _, tt := range []struct {
		name, list string
		lines      []int // refused
		pushed     int64
	}{
		{"in the middle", "http://m/a\n" + long + "\r\nhttp://m/b", []int{2}, 2},
		{"at the end", "http://e/a\n" + long, []int{2}, 1},
		{"at the end, with its end", "http://f/a\n\n" + long + "\n", []int{3}, 1},
		{"at the beginning, twice", long + "\n" + long + "\nhttp://t/a\n", []int{1, 2}, 1},
		{"as long as it may be", "http://l/" + long[:1<<20-len("http://l/")] + "\nhttp://l/b", nil, 2},
		{"a byte longer", "http://l/" + long[:1<<20-len("http://l/")+1] + "\nhttp://l/c", []int{1}, 1},
	} {
		r, told, err := run(t, client, tt.list)
		if err != nil || r.New != tt.pushed || r.Bad != int64(len(tt.lines)) {
			t.Errorf("%s: got %+v, %v", tt.name, r, err)
		}
		for _, n := range tt.lines {
			if want := fmt.Sprintf("list:%d: longer than 1 MiB", n); !strings.Contains(told, want) {
				t.Errorf("%s: got %q, want %q", tt.name, told, want)
			}
		}
	}
}

// TestPushUnreadable: an error of reading says where.
func TestPushUnreadable(t *testing.T) {
	client, _ := newRedis(t)
	p := push.New(t.Context(), push.Config{Redis: client, Queue: "q"})
	broken := io.MultiReader(strings.NewReader("http://h/a\nhttp://h/b"), iotest.ErrReader(io.ErrUnexpectedEOF))
	err := p.Read("list", broken)
	if err == nil || err.Error() != "list: after line 1: unexpected EOF" || p.Close() != nil || p.Result().New != 1 {
		t.Errorf("got %v, %+v", err, p.Result())
	}
}

// TestPushNames: names that a file system may take for one belong to one URL.
func TestPushNames(t *testing.T) {
	client, _ := newRedis(t)
	for n, pair := range [][2]string{
		{"a.txt", "A.TXT"}, {"ä", "Ä"}, {"e\u0301", "é"}, {"E\u0301x", "éX"}, {"ſ.txt", "S.txt"}, {"straße", "STRASSE"}, {"ς", "Σ"},
	} {
		for i, name := range pair {
			r, told, err := run(t, client, fmt.Sprintf("http://h/%d/%d %s\n", n, i, name))
			if refused := r.Bad == 1; err != nil || refused != (i == 1) {
				t.Errorf("%q: got %+v, %q, %v, want refused: %v", name, r, told, err, i == 1)
			}
		}
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

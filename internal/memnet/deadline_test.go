package memnet_test

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

// sides are the two kinds of call, each blocked in its own way.
var sides = []struct {
	name string
	call func(c net.Conn) (int, error)
	set  func(c net.Conn, t time.Time) error
}{
	{"read", func(c net.Conn) (int, error) { return c.Read(make([]byte, 1)) }, net.Conn.SetReadDeadline},
	{"write", func(c net.Conn) (int, error) { return c.Write(make([]byte, 10)) }, net.Conn.SetWriteDeadline},
	{"read, both", func(c net.Conn) (int, error) { return c.Read(make([]byte, 1)) }, net.Conn.SetDeadline},
	{"write, both", func(c net.Conn) (int, error) { return c.Write(make([]byte, 10)) }, net.Conn.SetDeadline},
}

func TestDeadlineExact(t *testing.T) {
	t.Parallel()
	for _, tt := range sides {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := memnet.Pipe(4, 4)
				defer a.Close()
				defer b.Close()
				start := time.Now()
				tt.set(a, start.Add(5*time.Minute))
				_, err := tt.call(a)
				wantError(t, err, os.ErrDeadlineExceeded)
				if got := time.Since(start); got != 5*time.Minute {
					t.Errorf("after %v, want 5m", got)
				}
				_, err = tt.call(a)
				wantError(t, err, os.ErrDeadlineExceeded) // it stays passed
			})
		})
	}
}

func TestDeadlineRearmed(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name  string
		rearm func(start time.Time) time.Time
		want  time.Duration
	}{
		{"later", func(s time.Time) time.Time { return s.Add(time.Hour) }, time.Hour},
		{"earlier", func(s time.Time) time.Time { return s.Add(2 * time.Second) }, 2 * time.Second},
		{"now", func(s time.Time) time.Time { return s.Add(time.Second) }, time.Second},
		{"past", func(time.Time) time.Time { return past }, time.Second},
	}
	for _, tt := range sides {
		for _, step := range steps {
			t.Run(tt.name+" "+step.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a, b := memnet.Pipe(4, 4)
					defer a.Close()
					defer b.Close()
					start := time.Now()
					tt.set(a, start.Add(time.Minute))
					time.AfterFunc(time.Second, func() { tt.set(a, step.rearm(start)) })
					_, err := tt.call(a)
					wantError(t, err, os.ErrDeadlineExceeded)
					if got := time.Since(start); got != step.want {
						t.Errorf("after %v, want %v", got, step.want)
					}
				})
			})
		}
	}
}

// A deadline that is taken away does not end a call, one that has passed and is
// taken away lets the connection work again.
func TestDeadlineRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(4, 4)
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Minute))
		time.AfterFunc(time.Second, func() { a.SetReadDeadline(time.Time{}) })
		time.AfterFunc(time.Hour, func() { io.WriteString(b, "x") })
		if _, err := a.Read(make([]byte, 1)); err != nil || time.Since(start) != time.Hour {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		a.SetDeadline(past)
		_, err := a.Write([]byte("y"))
		wantError(t, err, os.ErrDeadlineExceeded)
		a.SetDeadline(time.Time{})
		if _, err := a.Write([]byte("z")); err != nil {
			t.Error(err)
		}
		a.Close()
		if got, err := io.ReadAll(b); string(got) != "z" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// The deadlines of the two directions and of the two ends are independent.
func TestDeadlineIndependent(t *testing.T) {
	t.Parallel()
	a, b := memnet.Pipe(0, 0)
	defer a.Close()
	defer b.Close()
	a.SetReadDeadline(past)
	io.WriteString(b, "to a")
	_, err := a.Read(make([]byte, 4))
	wantError(t, err, os.ErrDeadlineExceeded) // although there are bytes
	if _, err := io.WriteString(a, "to b"); err != nil {
		t.Errorf("write of the same end: %v", err)
	}
	if n, err := b.Read(make([]byte, 4)); n != 4 || err != nil {
		t.Errorf("read of the other end: %d, %v", n, err)
	}
	b.SetWriteDeadline(past)
	a.SetReadDeadline(time.Time{})
	if n, err := a.Read(make([]byte, 4)); n != 4 || err != nil {
		t.Errorf("the bytes are still there: %d, %v", n, err)
	}
	if n, err := a.Read(nil); n != 0 || err != nil {
		t.Errorf("read of nothing: %d, %v", n, err)
	}
}

// A write that times out half-way says how much it has written.
func TestDeadlinePartialWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(4, 4)
		defer b.Close()
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		time.AfterFunc(time.Second, func() { b.Read(make([]byte, 3)) })
		n, err := a.Write(make([]byte, 10))
		wantError(t, err, os.ErrDeadlineExceeded)
		if n != 7 {
			t.Errorf("written: got %d, want 7", n)
		}
		a.Close()
	})
}

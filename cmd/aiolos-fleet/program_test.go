package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// patience is how long a test waits for what has to come.
const patience = 60 * time.Second

// command is the program with arguments. Env is added to an environment without a Redis.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GORACE=atexit_sleep_ms=0", programVariable + "=1"}, env...)
	cmd.WaitDelay = patience
	return cmd
}

// result is what a call of the program came to.
type result struct {
	code     int
	out, err string
}

// call runs the program to its end.
func call(t testing.TB, in string, env []string, args ...string) result {
	t.Helper()
	cmd := command(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errs
	err := cmd.Run()
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return result{code, out.String(), errs.String()}
}

// TestUsage: what is wrong with a command line is told on one line, with the exit code 2,
// and nothing is done.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"psuh"}, "psuh"},
		{[]string{"work"}, "--dir is missing"},
		{[]string{"work", "--dir", "x", "-j", "0"}, "--jobs"},
		{[]string{"work", "--dir", "x", "-j", "2000000000"}, "--jobs"},
		{[]string{"work", "--dir", "x", "--rate", "-1"}, "--rate"},
		{[]string{"work", "--dir", "x", "--rate", "NaN"}, "--rate must be a number"},
		{[]string{"work", "--dir", "x", "--rate", "Inf"}, "--rate must be a number"},
		{[]string{"work", "--dir", "x", "--grace", "0s"}, "durations"},
		{[]string{"work", "x"}, "takes no arguments"},
		{[]string{"work", "--nope"}, "unknown flag"},
		{[]string{"push", "--keep", "-1h"}, "--keep"},
		{[]string{"status", "--interval", "1ms"}, "--interval"},
		{[]string{"status", "--redis", "http://u:canary@h"}, "--redis: want"},
		{[]string{"status", "--queue", "a}b"}, "--queue"},
	} {
		r := call(t, "", nil, tt.args...)
		if r.code != 2 || !strings.Contains(r.err, tt.want) || strings.Count(r.err, "\n") != 1 || r.out != "" || strings.Contains(r.err, "canary") {
			t.Errorf("%q: got %+v, want %q", tt.args, r, tt.want)
		}
	}
}

// TestHelp: every command has a text, an example, and all its flags in it.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"push", "work", "status", "retry", "drain", "demo"} {
		r := call(t, "", nil, name, "--help")
		if r.code != 0 || !strings.Contains(r.out, "Usage:") || r.err != "" {
			t.Errorf("%s: got %+v", name, r)
		}
		if all := call(t, "", nil, "--help"); !strings.Contains(all.out, "\n  "+name+" ") {
			t.Errorf("%s is not in the help", name)
		}
	}
	if r := call(t, "", nil, "--version"); r.code != 0 || !strings.HasPrefix(r.out, "aiolos-fleet ") {
		t.Errorf("got %+v", r)
	}
}

// TestNoRedis: that there is none is one line and a hint, with the exit code 7; and no
// password is shown.
func TestNoRedis(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"push"}, {"status"}, {"status", "--watch"}, {"retry"}, {"drain"}, {"drain", "--resume"}, {"work", "--dir", t.TempDir()}} {
		t.Run(strings.Join(args[:min(2, len(args))], " "), func(t *testing.T) {
			t.Parallel() // each waits until Redis was asked often enough
			r := call(t, "http://h/\n", []string{"AIOLOS_FLEET_REDIS=redis://u:canary@127.0.0.1:1"}, args...)
			if r.code != 7 || strings.Count(r.err, "\n") != 2 || !strings.Contains(r.err, "hint: ") || strings.Contains(r.err+r.out, "canary") {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestPassword: one that is wrong has a hint, and is not shown.
func TestPassword(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.RequireAuth("right")
	for _, address := range []string{"redis://:canary@" + server.Addr(), server.Addr()} {
		r := call(t, "", nil, "status", "--redis", address)
		if r.code != 1 || !strings.Contains(r.err, "AIOLOS_FLEET_REDIS rather than") || strings.Contains(r.err, "canary") {
			t.Errorf("%s: got %+v", address, r)
		}
	}
	if r := call(t, "", []string{"AIOLOS_FLEET_REDIS=redis://:right@" + server.Addr()}, "status"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestPushLines: lines that are refused are told by their file and number, at most 20.
func TestPushLines(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	env := []string{"AIOLOS_FLEET_REDIS=" + server.Addr()}
	r := call(t, "http://h/a\nx\nhttp://h/b\n"+strings.Repeat("y\n", 30), env, "push")
	if r.code != 1 || !strings.Contains(r.err, "-:2: ") || strings.Count(r.err, "-:") != 20 || !strings.Contains(r.err, "11 more lines were refused") || !strings.HasPrefix(r.out, "2 pushed, 0 known already, 31 refused") {
		t.Errorf("got %+v", r)
	}
	if r := call(t, "http://h/a\n", env, "push"); r.code != 0 || !strings.HasPrefix(r.out, "0 pushed, 1 known already") {
		t.Errorf("got %+v", r)
	}
	if r := call(t, "", env, "push", "no such file"); r.code != 1 || !strings.Contains(r.err, "no such file") {
		t.Errorf("got %+v", r)
	}
	if r := call(t, "", env, "status", "--json"); r.code != 0 || !strings.Contains(r.out, `"pending":2`) {
		t.Errorf("got %+v", r)
	}
	if r := call(t, "", env, "drain"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
	if r := call(t, "", env, "status"); !strings.Contains(r.out, "paused") {
		t.Errorf("got %+v", r)
	}
}

// TestDemoWithoutServer: there is no redis-server, and the text says what to do.
func TestDemoWithoutServer(t *testing.T) {
	t.Parallel()
	cmd := command(t, nil, "demo")
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	out, err := cmd.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 12 || !strings.Contains(string(out), "redis-server") || !strings.Contains(string(out), "hint: ") {
		t.Errorf("got %v, %s", err, out)
	}
}

// TestSaveFailed: the list has URLs with passwords in them, and is its owner's alone.
func TestSaveFailed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no such bits")
	}
	server, dir := miniredis.RunT(t), t.TempDir()
	list := filepath.Join(dir, "failed")
	if r := call(t, "", []string{"AIOLOS_FLEET_REDIS=" + server.Addr()}, "work", "--dir", filepath.Join(dir, "d"), "--until-done", "--save-failed", list); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	if info, err := os.Stat(list); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want 0600", info, err)
	}
}

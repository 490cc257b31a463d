//go:build interop && linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// freePort is one that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// startCluster runs a Cluster of three, and returns its URL.
func startCluster(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("not installed: redis-cli")
	}
	args := []string{"--cluster", "create"}
	for range 3 {
		r := startRedis(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
		args = append(args, r.addr)
	}
	if out, err := exec.Command(tool, append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return "redis-cluster://" + strings.Join(args[2:], ",")
}

// startSentinel runs a server and a sentinel of it, and returns its URL.
func startSentinel(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-sentinel")
	if err != nil {
		t.Skip("not installed: redis-sentinel")
	}
	r := startRedis(t)
	host, port, _ := net.SplitHostPort(r.addr)
	own := freePort(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor main %s %s 1\n", own, host, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return "redis-sentinel://127.0.0.1:" + own + "?master=main"
}

// TestInteropKinds: every command on a Cluster, and on what a Sentinel names.
func TestInteropKinds(t *testing.T) {
	t.Parallel()
	for kind, start := range map[string]func(*testing.T) string{"cluster": startCluster, "sentinel": startSentinel} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			env := []string{"AIOLOS_FLEET_REDIS=" + start(t)}
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path == "/gone" {
					http.NotFound(w, req)
				}
			}))
			defer site.Close()
			var list strings.Builder
			for n := range 100 {
				fmt.Fprintf(&list, "%s/%d\n", site.URL, n)
			}
			fmt.Fprintf(&list, "%s/named name\n%s/gone\n", site.URL, site.URL)
			await(t, "it can be reached", func() bool { return call(t, "", env, "status").code == 0 })
			for _, step := range []struct{ args, want string }{
				{"push", "102 pushed, 0 known already, 0 refused"},
				{"push", "0 pushed, 102 known already, 0 refused"},
				{"work --until-done --rate 500 --dir " + t.TempDir(), ""},
				{"status", "archived  1\n"},
				{"retry --class clientresponse", "1 brought back\n"},
				{"drain", "nothing is under way"},
				{"status", "paused"},
			} {
				got := call(t, list.String(), env, strings.Fields(step.args)...)
				if got.code != 0 || !strings.Contains(got.out, step.want) {
					t.Errorf("%s: got %+v, want %q", step.args, got, step.want)
				}
			}
		})
	}
}

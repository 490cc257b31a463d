//go:build interop

package compare_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
)

// The client that is compared with. The list of differences is about one release
// of it; Debian 12 has it.
const (
	python         = "/usr/bin/python3"
	aiohttpRelease = "3.8.4"
)

// outcome is how a request ended.
type outcome struct {
	Status  int
	Error   string
	Version string // of the client, at its start
}

// peer is a Python process that sends requests with aiohttp.
type peer struct {
	in  io.Writer
	out *bufio.Reader
}

// startPeer skips the test where there is no such aiohttp.
func startPeer(t *testing.T) *peer {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import aiohttp").CombinedOutput(); err != nil {
		t.Skipf("no %s with aiohttp (Debian: python3-aiohttp): %v: %s", python, err, out)
	}
	ctx, cancel := context.WithCancel(context.Background()) // the cleanup ends it, after its stdin
	cmd := exec.CommandContext(ctx, python, "client.py")
	cmd.Dir = "testdata"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &peer{in, bufio.NewReader(out)}
	t.Cleanup(func() {
		in.Close()
		if !t.Failed() {
			io.Copy(io.Discard, p.out) // to its end
		}
		cancel()
		cmd.Wait()
	})
	if v := p.read(t).Version; v != aiohttpRelease {
		t.Skipf("%s has aiohttp %s, and the list is about %s", python, v, aiohttpRelease)
	}
	return p
}

// send has the request sent, and its whole session closed.
func (p *peer) send(t *testing.T, r *request) outcome {
	t.Helper()
	if _, err := p.in.Write(append([]byte(r.raw), '\n')); err != nil {
		t.Fatal(err)
	}
	return p.read(t)
}

func (p *peer) read(t *testing.T) outcome {
	t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("aiohttp's client has gone: %v", err)
	}
	var o outcome
	if err := json.Unmarshal(line, &o); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return o
}

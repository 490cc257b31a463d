package connector_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// childEnv has one of the tests below run as another process, and says what it is to do.
const childEnv = "AIOLOS_TEST_CHILD"

// TestServerProcess is nothing by itself: startServer runs it in a process of its own, so
// that what the server takes is not the client's. It answers every request until its
// standard input ends.
func TestServerProcess(t *testing.T) {
	mode := os.Getenv(childEnv)
	if mode != "plain" && mode != "TLS" {
		t.Skip("it is for other tests")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("listens on", ln.Addr())
	if mode == "TLS" {
		ln = tls.NewListener(ln, certs.For(t, certs.Options{}).Server())
	}
	go func() {
		for nc, err := ln.Accept(); err == nil; nc, err = ln.Accept() {
			go answerBodies(nc)
		}
	}()
	io.Copy(io.Discard, os.Stdin) // however it ends
	os.Exit(0)
}

// startServer returns the address of a server in another process, which ends with the test.
func startServer(t *testing.T, mode string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServerProcess$")
	cmd.Env = append(os.Environ(), childEnv+"="+mode)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait() // it has exited as it was told
		cancel()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listens on ")
	if !ok {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return addr
}

// answerBodies answers requests that have a body of known length, or none.
func answerBodies(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReaderSize(nc, 512)
	for {
		length := 0
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			fmt.Sscanf(line, "Content-Length: %d", &length)
		}
		if _, err := br.Discard(length); err != nil {
			return
		}
		if _, err := io.WriteString(nc, okResponse); err != nil {
			return
		}
	}
}

package h1_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

const (
	computeEnv    = "AIOLOS_TEST_COMPUTE"
	computeRounds = 8
	computeLimit  = 2 * time.Second
)

// TestComputeProcess is the process of TestComputeAfterRead. Nothing in it but the socket makes
// calls into the kernel while it computes.
func TestComputeProcess(t *testing.T) {
	addr, ok := os.LookupEnv(computeEnv)
	if !ok {
		t.Skip("it is a process of another test")
	}
	nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := h1.WrapSocket(nc)
	late := 0
	for range computeRounds {
		if _, err := s.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		late += computeUntilTimer()
	}
	nc.Close()
	fmt.Printf("late: %d\n", late)
}

// computeUntilTimer occupies all Ps until a timer is heard, and counts 1 if it is not.
func computeUntilTimer() (late int) {
	var heard atomic.Bool
	start := time.Now()
	timer := time.AfterFunc(10*time.Millisecond, func() { heard.Store(true) })
	defer timer.Stop()
	var computing sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		computing.Go(func() {
			for !heard.Load() && time.Since(start) < computeLimit {
			}
		})
	}
	computing.Wait()
	if time.Since(start) >= computeLimit {
		return 1
	}
	return 0
}

// Whoever computes for long once it has read does not hold up timers and other goroutines, on
// all Ps at a time neither.
func TestComputeAfterRead(t *testing.T) {
	for _, procs := range []string{"1", "2"} {
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go answerSlowly(ln)
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestComputeProcess$")
		cmd.Env = append(os.Environ(), computeEnv+"="+ln.Addr().String(), "GOMAXPROCS="+procs)
		out, err := cmd.CombinedOutput()
		ln.Close()
		if err != nil || !strings.Contains(string(out), "late: 0\n") {
			t.Errorf("%s Ps: %s, %v", procs, out, err)
		}
	}
}

// answerSlowly writes a byte now and then: between them all of the reader sleeps.
func answerSlowly(ln net.Listener) {
	nc, err := ln.Accept()
	if err != nil {
		return
	}
	defer nc.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := nc.Write([]byte("x")); err != nil {
			return
		}
	}
}

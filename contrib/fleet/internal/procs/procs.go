// Package procs runs functions of a test in processes of their own, which are the test's
// program once more, so that a test can have several processes, stop them and kill them.
package procs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// roleVariable names the function that a process is to run.
const roleVariable = "FLEET_TEST_ROLE"

// Roles are the functions by their names. A function gets the arguments that [Start] was
// given; what it prints on its standard output are the lines that [Process.Lines] reads. Its
// error ends the process with 1, its text on standard error.
type Roles map[string]func(args []string, in io.Reader, out io.Writer) error

// Main runs the role, if this process has one, and exits; otherwise it returns. A TestMain
// calls it first.
func Main(roles Roles) {
	name := os.Getenv(roleVariable)
	if name == "" {
		return
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "procs: no role %q\n", name)
		os.Exit(2)
	}
	if err := role(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Process is a process of a test.
type Process struct {
	Cmd *exec.Cmd
	// In is its standard input. Closing it is a way to tell it to end.
	In io.WriteCloser
	// Lines has its standard output, line by line, and is closed at its end.
	Lines <-chan string

	t    testing.TB
	once sync.Once
	err  error
}

// Start runs the role in a process. It is killed at the end of the test if it still runs.
func Start(tb testing.TB, role string, args ...string) *Process {
	tb.Helper()
	program, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // this program, as long as it runs
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	endWithParent(cmd)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	lines := make(chan string, 1<<16)
	p := &Process{Cmd: cmd, In: in, Lines: lines, t: tb}
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(out)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()
	tb.Cleanup(func() {
		p.Cmd.Process.Kill() //nolint:errcheck // it may have ended
		p.Wait()             //nolint:errcheck // the test has looked, or does not want to know
	})
	return p
}

// Wait closes its input, waits for its end, after its last line was read or dropped, and
// returns how it ended.
func (p *Process) Wait() error {
	p.once.Do(func() {
		p.In.Close() // it is told to end
		for range p.Lines {
			// What nobody has read.
		}
		p.err = p.Cmd.Wait()
	})
	return p.err
}

// ReadLine is the next line of its output. The test fails if there is none in the time.
func (p *Process) ReadLine(within time.Duration) string {
	p.t.Helper()
	select {
	case line, ok := <-p.Lines:
		if !ok {
			p.t.Fatal("the process has ended")
		}
		return line
	case <-time.After(within):
		p.t.Fatalf("no line within %v", within)
	}
	return ""
}

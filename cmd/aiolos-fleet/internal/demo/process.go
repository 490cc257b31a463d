package demo

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"sync"
)

// process is a worker of the demo: this program once more.
type process struct {
	cmd  *exec.Cmd
	said bytes.Buffer // on standard error
	done chan struct{}
	err  error
	once sync.Once
}

// startWorker runs "aiolos-fleet work".
func startWorker(redis, queue, dir string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	//nolint:gosec,noctx // it is ended in order
	p := &process{done: make(chan struct{}), cmd: exec.Command(program, "work", "--dir", dir, "--queue", queue, "--until-done",
		"-j", strconv.Itoa(jobs), "--per-host", strconv.Itoa(perHost), "--rate", strconv.Itoa(rate), "--burst", "1")}
	p.cmd.Env = append(os.Environ(), "AIOLOS_FLEET_REDIS="+redis)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	endWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// kill ends it at once.
func (p *process) kill() {
	p.once.Do(func() { _ = p.cmd.Process.Kill() }) // it may have ended
	<-p.done
}

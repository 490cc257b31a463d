package demo

import (
	"os/exec"
	"syscall"
)

// endWithParent lets a process of the demo end with it, even if that is killed.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

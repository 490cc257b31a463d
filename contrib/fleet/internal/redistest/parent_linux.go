package redistest

import (
	"os/exec"
	"syscall"
)

// endWithParent lets the process die when the test is killed.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

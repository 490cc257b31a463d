//go:build !linux

package procs

import "os/exec"

// endWithParent does nothing where there is no such signal: the end of its input tells the
// process to end.
func endWithParent(*exec.Cmd) {}

//go:build unix && !linux

package redistest

import "os/exec"

// endWithParent does nothing where there is no such signal.
func endWithParent(*exec.Cmd) {}

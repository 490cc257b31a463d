//go:build !windows

package dial

import "syscall"

// noDescriptors: of the process, of the system.
var noDescriptors = []error{syscall.EMFILE, syscall.ENFILE}

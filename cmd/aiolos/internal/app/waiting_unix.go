//go:build unix

package app

import (
	"os"

	"golang.org/x/sys/unix"
)

// waitingBytes is how many bytes can be read from a pipe at once. What cannot be found
// out is none.
func waitingBytes(f *os.File) (n int) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	// Control runs the function before it returns.
	_ = conn.Control(func(fd uintptr) {
		if n, err = unix.IoctlGetInt(int(fd), fionread); err != nil {
			n = 0
		}
	})
	return n
}

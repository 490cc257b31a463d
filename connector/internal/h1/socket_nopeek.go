//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package h1

// canPeek is false where there is no MSG_PEEK with MSG_DONTWAIT: a waiter reads instead.
const canPeek = false

func (*socket) readNow(uintptr) {}

func (*socket) stepWriteRead(uintptr) bool { return true }

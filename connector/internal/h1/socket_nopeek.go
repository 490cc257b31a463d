//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package h1

// canPeek is false where there is no MSG_PEEK with MSG_DONTWAIT: a waiter reads instead.
const canPeek = false

func (*socketCall) peekByte(uintptr) {}

func (*socketCall) readInstantly(uintptr) {}

func (*socketCall) stepRead(uintptr) bool { return true }

func (*socketCall) stepWrite(uintptr) bool { return true }

func (*socketCall) stepWriteRead(uintptr) bool { return true }

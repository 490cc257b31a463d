//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package h1

// canLook is false where there is no MSG_PEEK with MSG_DONTWAIT: a waiter reads instead.
const canLook = false

func (*socket) lookAt(uintptr) {}

func (*socket) stepTurn(uintptr) bool { return true }

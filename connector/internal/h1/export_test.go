package h1

import "net"

// IsSocket reports whether a Conn peeks at nc itself.
func IsSocket(nc net.Conn) bool { return newSocket(nc) != nil }

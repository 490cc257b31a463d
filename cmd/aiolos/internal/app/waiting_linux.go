package app

import "golang.org/x/sys/unix"

// fionread asks for the number of bytes that can be read.
const fionread = unix.TIOCINQ

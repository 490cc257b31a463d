//go:build unix && !linux

package app

// fionread asks for the number of bytes that can be read (sys/filio.h). Package unix has
// no name for it.
const fionread = 0x4004667f

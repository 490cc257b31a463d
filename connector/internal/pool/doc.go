// Package pool decides which request may have a connection, and which one.
//
// A request holds one slot from the moment it is served until it gives its
// connection back: while it dials, while its exchange is under way, and, on a
// connection that was upgraded, until that is closed. Slots count against two
// limits, that of the pool and that of the host. Each stream of a connection
// that is multiplexed (HTTP/2) takes a slot as a connection of HTTP/1 does.
//
// Requests that find no slot, or a host that is about to have a connection with
// free streams, wait. A slot that becomes free goes to the one that has waited
// longest of those that can be served, whatever its host and protocol. Its
// [Ticket] is its place in that order for as long as it lives.
//
// Idle connections of a host are lent youngest first. They are closed when they
// have been idle for too long, are too old, too many, or dead; see keepalive.go.
//
// The package knows neither networks nor protocols. A connection is a [Conn], a
// host is what a key stands for.
//
// # Locks
//
// There is one, and nothing of a connection is called while it is held. The
// methods that an engine calls (Forget, SetStreams, StreamAvailable and Retire)
// may be called with the engine's own locks held: they close no connection on
// the caller's goroutine.
package pool

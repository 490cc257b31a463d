// Package memnet is a network in memory for tests.
//
// Its connections behave as TCP on loopback does: a dial succeeds before the
// other side accepts, writes are buffered, [Conn.Close] sends what was written
// and then an end of file, [Conn.Reset] loses the connection. Deadlines have the
// semantics of net.Conn in full.
//
// # Bubbles
//
// All waiting is durable in the sense of testing/synctest, so a test in a bubble
// sees hours pass in no time. Make the [Network] inside the bubble and do not
// share it with goroutines outside. No goroutine of this package outlives the
// connection that it works for; there is none at all while nothing times out.
//
// # Difference from TCP
//
// A Close never turns into a reset because of unread data, and a write to a
// closed peer fails at once with EPIPE rather than at the second try: tests want
// the same outcome every time.
package memnet

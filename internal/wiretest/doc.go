// Package wiretest is a server that writes exactly the bytes that a test tells
// it to, and breaks connections exactly where it is told to.
//
//	srv := wiretest.New(t, func(c *wiretest.Conn) {
//		c.ReadRequest()
//		c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
//		c.Reset()
//	})
//
// The function is a script: it runs once for each connection, in a goroutine of
// its own, and the connection is closed when it returns. Scripts, connections
// and the server have ended when the test's cleanup has run.
//
// A client that goes away is what many tests are about, so it never fails the
// test: the methods of [Conn] report it with false, and [Conn.ReadRequest] ends
// the script.
package wiretest

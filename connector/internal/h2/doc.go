// Package h2 makes exchanges of HTTP/2 on net/http's [http.ClientConn].
//
// What is on the wire, flow control and the frames are net/http's. This package owns what
// net/http leaves to its user: the deadlines of a stream, whose end must leave its siblings
// alone; what the server says of the connection, which is read along; whether a stream is
// free; and the waiting for a request's body that blocks.
//
// A [Conn] is a connection, an [Exchange] one request and its response on a stream of it.
// The package knows no pool (it tells an [Owner]), makes no connections, and gives no error
// a class: it says what has happened ([Exchange.Facts]), and its caller names that.
package h2

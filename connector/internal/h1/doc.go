// Package h1 makes exchanges of HTTP/1.0 and 1.1 on the goroutine of their caller.
//
// What is on the wire is net/http's: [http.Request.Write] writes, [http.ReadResponse]
// reads. This package owns when that happens, and on what: deadlines, the peek at an
// idle connection, the goroutine that sends a body which may block, and whether a
// connection can serve another request.
//
// A [Conn] is a connection, an [Exchange] one request and its response on it. The
// package knows no pool, makes no connections, and gives no error a class: it says
// what has happened ([Exchange.Facts]), and its caller names that.
//
// # The life of an exchange
//
//	          RoundTrip                          the caller reads Body
//	         ┌────────────────────────────┐     ┌─────────────────────┐
//	begin ──►│ write ──► read the head ──►│────►│ read ──► io.EOF     │──► End(true)
//	         └─┬──────────────────────────┘     └─┬───────────────────┘      │ keep?
//	           │ a body that may block:           │ error, Close             ▼
//	           ▼                                  ▼               the conn is idle,
//	         upload: its own goroutine,       End(false) ──► or is closed by its owner
//	         ends with the write
//
// End is called once for each Begin, by whoever ends the exchange. The reader's buffer
// goes back with [Exchange.ReleaseReader], which must not run beside a Read.
package h1

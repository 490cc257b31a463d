// Package compare holds the tests that put the session side by side with a real
// aiohttp 3.8.4: both send the same requests, and what reaches the server is
// compared.
//
// The requests are described once, in testdata/requests.json. The test and
// testdata/client.py both make them from there, each in the words of its own
// library. A raw server records what comes and gives the answers that the
// description asks for.
//
// What differs is in testdata/differences.txt, with the reason next to each
// difference; the reasons are kept in testdata/reasons.json. A difference without
// a reason fails the test, and so does one that is in the file and no longer
// occurs, and a reason that nothing needs. Write the file anew with
//
//	go test -tags interop -run Interop ./internal/compare -update
//
// Only what cannot be the same is made the same before the comparison: the
// server's port, each library's own User-Agent, the random key of a WebSocket's
// handshake, and how well a compressor did. The order of header fields is not
// compared, nor how a body was cut into chunks.
//
// The tests need the build tag interop, and Debian's python3-aiohttp; they are
// skipped without it.
package compare

// Package flags has the flags that several commands share, and makes of them what the
// library needs: a connector, a session, the options of a request.
//
//	Network         of all commands that send: limits, and the three that follow
//	Credentials     -a and -H
//	Route           how the server is reached: proxy, socket, TLS, protocol, retries
//	StoredSession   --session: cookies and headers that outlive the call
//	Print           --offline, --curl, --go: print the request, do not send it
package flags

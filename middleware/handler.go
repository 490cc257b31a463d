package middleware

import (
	"net/http"

	"github.com/aiolos-http/aiolos/internal/inprocess"
)

// Handler is a Transport whose server is h, in the same process and without a
// socket, for tests of a program against a handler. Requests go to it whatever their
// host, and https as http does, but that [http.Request.TLS] is not nil then. Between
// the two is net/http's own wire format of HTTP/1.1: lengths and chunks, trailers, 1xx,
// upgrades, and a panic, which breaks the connection off, are as with a server. The
// handler runs in a goroutine of its own, which ends with its request; its context ends
// when the client's request does. It is safe for concurrent use if h is, and works
// within testing/synctest. A nil h is [http.DefaultServeMux].
func Handler(h http.Handler) http.RoundTripper { return inprocess.Transport(h) }

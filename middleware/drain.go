package middleware

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Bounds of what is read from a response that is thrown away, so that its
// connection can be used again.
const (
	drainBytes = 64 << 10
	drainTime  = 100 * time.Millisecond
)

// drainAndClose reads the rest of a response, within bounds of size and time, and closes
// it, so that its connection can be used again.
func drainAndClose(resp *http.Response) {
	if resp == nil || resp.Body == nil {
		return
	}
	closeOnce := sync.OnceFunc(func() { resp.Body.Close() })
	defer closeOnce()
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.ContentLength > drainBytes {
		return
	}
	timer := time.AfterFunc(drainTime, closeOnce)
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, drainBytes) // what fails is not used again
}

package middleware

import (
	"net/http"
	"runtime"
)

// A hook of the program's that panics, or ends its goroutine, ends the request as if no
// policy stood in between: who has called RoundTrip gets the panic, in the caller's own
// goroutine, and nothing stays behind.
//
//	hook in the caller's goroutine ──────► it goes up; what was held is given back,
//	                                       and a response that nobody has is closed
//	hook in a goroutine of a policy's ───► abnormalEnd ──► resume, by all who wait for it

// guardResponse calls f, which calls hooks, and closes the response, which may be nil, if f
// does not return.
func guardResponse(resp *http.Response, f func()) {
	returned := false
	defer func() {
		if !returned && resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
	}()
	f()
	returned = true
}

// abnormalEnd is how a goroutine has ended that did not come to its end: by a panic, or,
// without a value, by runtime.Goexit.
type abnormalEnd struct{ value any }

// resume ends the present goroutine in the same way. A nil one does nothing.
func (e *abnormalEnd) resume() {
	switch {
	case e == nil:
	case e.value == nil:
		runtime.Goexit()
	default:
		panic(e.value)
	}
}

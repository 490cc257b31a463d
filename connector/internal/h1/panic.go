package h1

import (
	stderrors "errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// ErrGoexit is a body's Read, or a hook, that has ended the goroutine of an upload.
var ErrGoexit = stderrors.New("the sending of the request has ended with its goroutine")

// PanicError is what RoundTrip panics with if a body's Read or a hook has panicked on the
// goroutine of an upload: elsewhere nobody could recover from that. Only what net/http's
// server looks for, [http.ErrAbortHandler], is raised as it is.
type PanicError struct {
	Value any    // of the panic
	Stack []byte // of the goroutine
}

func (e *PanicError) Error() string { return fmt.Sprintf("%v [of an upload]\n\n%s", e.Value, e.Stack) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func panicOf(v any) any {
	if v == http.ErrAbortHandler { // which net/http compares
		return v
	}
	return &PanicError{v, debug.Stack()}
}

// endCallerWait says that RoundTrip waits no longer, and raises a panic of the upload in its
// place.
func (u *upload) endCallerWait() {
	if u.caller.CompareAndSwap(callerWaits, callerLeft) {
		return
	}
	<-u.done
	if u.panicked != nil {
		panic(u.panicked)
	}
}

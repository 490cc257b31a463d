package errors

import "fmt"

// ClientPayloadError is a body that could not be read to its end (aiohttp:
// ClientPayloadError).
type ClientPayloadError struct {
	Received int64 // bytes that were read
	Expected int64 // bytes that were announced, or -1
	// Kind is the class below [ErrClientPayload]: [ErrContentEncoding],
	// [ErrContentLength], [ErrTransferEncoding]. Nil is a body that broke off, and
	// [ErrClientPayload] itself one that is whole and not what it should be: not
	// JSON, or not of the type that it is decoded into.
	Kind error
	Err  error
}

// Error says what is wrong and how far it went.
func (e *ClientPayloadError) Error() string {
	text := "response payload is not completed"
	if e.Kind != nil {
		text = e.Kind.Error()
	}
	if e.Expected >= 0 {
		text += fmt.Sprintf(": %d of %d bytes", e.Received, e.Expected)
	} else {
		text += fmt.Sprintf(": %d bytes", e.Received)
	}
	return text + ": " + causeText(e.Err)
}

// Unwrap returns the cause.
func (e *ClientPayloadError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientPayloadError) Is(target error) bool {
	return isOfClass(ErrClientPayload, target) || e.Kind != nil && isOfClass(e.Kind, target)
}

// MarshalJSON writes the error.
func (e *ClientPayloadError) MarshalJSON() ([]byte, error) {
	return marshalError("ClientPayloadError", e, "received", e.Received, "expected", e.Expected)
}

// BodyTooLargeError is a body above the limit that was set for it.
type BodyTooLargeError struct {
	Limit        int64
	Decompressed bool // the limit is on the decoded bytes
}

// Error names the limit.
func (e *BodyTooLargeError) Error() string {
	if e.Decompressed {
		return fmt.Sprintf("body too large: more than %d bytes after decoding", e.Limit)
	}
	return fmt.Sprintf("body too large: more than %d bytes", e.Limit)
}

// Is reports whether the class or an ancestor of it is target.
func (e *BodyTooLargeError) Is(target error) bool { return isOfClass(ErrBodyTooLarge, target) }

// MarshalJSON writes the error.
func (e *BodyTooLargeError) MarshalJSON() ([]byte, error) {
	return marshalError("BodyTooLargeError", e, "limit", e.Limit, "decompressed", e.Decompressed)
}

// IncompleteReadError is a body that ended within what was asked for (aiohttp:
// asyncio.IncompleteReadError). The cause is io.ErrUnexpectedEOF.
type IncompleteReadError struct {
	Partial  []byte // what there was; it belongs to the error
	Expected int    // what was asked for
	Err      error
}

// Error names both lengths.
func (e *IncompleteReadError) Error() string {
	return fmt.Sprintf("incomplete read: %d of %d bytes", len(e.Partial), e.Expected)
}

// Format writes Error, whatever the verb: the partial body may hold secrets.
func (e IncompleteReadError) Format(f fmt.State, verb rune) { writeFormatted(f, verb, e.Error()) }

// Unwrap returns the cause.
func (e *IncompleteReadError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *IncompleteReadError) Is(target error) bool { return isOfClass(ErrIncompleteRead, target) }

// MarshalJSON writes the error without the body.
func (e IncompleteReadError) MarshalJSON() ([]byte, error) {
	return marshalError("IncompleteReadError", &e, "received", len(e.Partial), "expected", e.Expected)
}

// BodyNotReplayableError is a request's body that would have to be sent again,
// for a redirect or a retry, and cannot.
type BodyNotReplayableError struct{ Reason string }

// Error is the reason.
func (e *BodyNotReplayableError) Error() string {
	return "request body cannot be sent again: " + e.Reason
}

// Is reports whether the class or an ancestor of it is target.
func (e *BodyNotReplayableError) Is(target error) bool {
	return isOfClass(ErrBodyNotReplayable, target)
}

// MarshalJSON writes the error.
func (e *BodyNotReplayableError) MarshalJSON() ([]byte, error) {
	return marshalError("BodyNotReplayableError", e, "reason", e.Reason)
}

// WSMessageTypeError is a WebSocket message of another type than was asked for
// (aiohttp: WSMessageTypeError).
type WSMessageTypeError struct{ Want, Got string }

// Error names both types.
func (e *WSMessageTypeError) Error() string {
	return "received a websocket message of type " + e.Got + ", not " + e.Want
}

// Is reports whether the class or an ancestor of it is target.
func (e *WSMessageTypeError) Is(target error) bool { return isOfClass(ErrWSMessageType, target) }

// MarshalJSON writes the error.
func (e *WSMessageTypeError) MarshalJSON() ([]byte, error) {
	return marshalError("WSMessageTypeError", e, "want", e.Want, "got", e.Got)
}

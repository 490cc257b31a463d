package h2

import (
	stderrors "errors"
	"strings"
)

// IsRefused reports whether the peer, or net/http in its place, said that it has done
// nothing about a request, so that it may be sent again whatever it is (RFC 9113 8.7).
func IsRefused(err error) bool {
	if e, ok := stderrors.AsType[streamError](err); ok {
		return e.Code == codeRefusedStream
	}
	// net/http's own errors for that have no type; these are their texts.
	text := err.Error()
	return strings.Contains(text, "http2: client conn not usable") ||
		strings.Contains(text, "http2: client conn could not be established") ||
		strings.Contains(text, "http2: Transport received Server's graceful shutdown GOAWAY")
}

const codeRefusedStream = 7

// streamError has the fields of net/http's error of a stream, which fills any struct that
// does.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

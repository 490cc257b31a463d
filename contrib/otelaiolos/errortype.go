package otelaiolos

import (
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// errorType is the value of error.type for a failure: what [errors.Class] calls it. The
// conventions have their own word for what has no class.
func errorType(err error) string {
	class := errors.Class(err)
	if class == errors.ClassOther {
		return semconv.ErrorTypeOther.Value.AsString()
	}
	return class
}

// statusError is the value of error.type for a status, or "": a client's error begins at
// 400.
func statusError(status int) string {
	if status < 400 {
		return ""
	}
	return strconv.Itoa(status)
}

package otelaiolos

// ErrorType is the value of error.type for a failure.
func ErrorType(err error) string { return errorType(err) }

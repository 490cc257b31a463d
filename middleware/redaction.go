package middleware

// Redaction says what is hidden in a log, a HAR file or a cassette. The zero
// value hides credentials in URLs, the values of queries, fragments, and the
// values of the headers that [errors.SensitiveHeader] names; of cookies the
// names and attributes stay. It is not changed and may be shared.
//
// A secret in the path of a URL is not known to be one.
type Redaction struct {
	// Headers names further headers whose values are secrets, in any case.
	Headers []string
	// ShowQuery names the parameters of a query whose values are no secrets.
	ShowQuery []string
	// Body returns what of a body may be shown, given its Content-Type. Nil
	// shows all of a body that is recorded at all. It must not change the slice
	// that it gets.
	Body func(contentType string, body []byte) []byte
}

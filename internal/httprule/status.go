package httprule

// IsStatus reports whether a number can be a status: RFC 9110 15 has three digits,
// of which the first is the class.
func IsStatus(code int) bool { return 100 <= code && code <= 999 }

package rawhead

import "net/http"

// CheckTrailer holds a trailer that net/http has parsed to MaxField and MaxHeaders:
// a [Scanner] ends with the head. It returns an [*Error], or nil; every value is a
// field. Names that were announced and never sent are none. It does not allocate.
func CheckTrailer(h http.Header, l Limits) error {
	return checkFields(h, l, tooManyTrailer, trailerTooLong)
}

// CheckHead is CheckTrailer for a head that no [Scanner] has seen, because it came
// with HTTP/2.
func CheckHead(h http.Header, l Limits) error { return checkFields(h, l, tooManyFields, fieldTooLong) }

func checkFields(h http.Header, l Limits, tooMany, tooLong string) error {
	count, size := 0, 0
	for name, values := range h {
		count += len(values)
		for _, v := range values {
			size = max(size, len(name)+len(v))
		}
	}
	if count > orNone(l.MaxHeaders) {
		return &Error{Reason: tooMany, Limit: l.MaxHeaders}
	}
	if size > orNone(l.MaxField) {
		return &Error{Reason: tooLong, Limit: l.MaxField}
	}
	return nil
}
